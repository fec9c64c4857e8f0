"""The lock lives as long as the step: a run that is killed, or told to end, leaves nothing for another to run into."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gpusetup.apply.run import apply
from gpusetup.apply.state_dir import StateDir
from gpusetup.errors import RefusedError
from gpusetup.files import write
from gpusetup.render.model import Recipe, Step
from gpusetup.render.steps import digest
from gpusetup.value import to_json

RUN = """
import sys
from pathlib import Path
from gpusetup.apply.state_dir import StateDir
from gpusetup.apply.run import apply
from gpusetup.cli._signals import unwinding
from gpusetup.render.model import Recipe
from gpusetup.value import load

with unwinding():
    apply(load(Path(sys.argv[2]), Recipe), StateDir(Path(sys.argv[1])), lambda line: None)
"""
SLOW = """
echo "begin $$" >>$GPUSETUP_ROOT/log
until [[ -e $GPUSETUP_ROOT/go-on ]]; do sleep 0.05; done
echo "end $$" >>$GPUSETUP_ROOT/log
touch $GPUSETUP_ROOT/one
"""
Start = Callable[[Recipe], subprocess.Popen[bytes]]


def recipe(text: str) -> Recipe:
    step = Step(id="one", title="one", why="for the test", check="[[ -e $GPUSETUP_ROOT/one ]]", apply=text, undo=":")
    return Recipe(distro="fedora", release="44", steps=(step,), digest=digest("", (step,)))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[StateDir]:
    yield StateDir(tmp_path)
    (tmp_path / "go-on").touch()  # whatever a failed test has left at work ends by itself


@pytest.fixture
def start(place: StateDir) -> Start:
    """Begin a run in a process of its own, and return when its step is at work."""

    def begin(made: Recipe) -> subprocess.Popen[bytes]:
        write(place.root / "recipe.json", to_json(made))
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(place.root), str(place.root / "recipe.json")],
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        waited_for((place.root / "log").exists)
        return process

    return begin


def waited_for(there: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def log(place: StateDir) -> list[str]:
    return [line.split()[0] for line in (place.root / "log").read_text().splitlines()]


def quiet(_: str) -> None:
    return None


def test_a_step_that_outlives_its_run_keeps_the_lock_until_it_ends(place: StateDir, start: Start) -> None:
    """The proof of the review: two runs interleaved after `kill -9`."""
    made = recipe(SLOW)
    process = start(made)
    process.kill()
    process.wait()
    for _ in range(2):
        with pytest.raises(RefusedError, match=r"the step 'one' of another run is still running \(process \d+\)"):
            apply(made, place, quiet)
    assert log(place) == ["begin"]
    (place.root / "go-on").touch()
    waited_for(lambda: log(place) == ["begin", "end"])
    waited_for(lambda: free(place))
    assert apply(made, place, quiet) == "done"
    assert log(place) == ["begin", "end", "begin", "end"]  # one that was begun is done again


def free(place: StateDir) -> bool:
    try:
        with place.locked():
            return True
    except RefusedError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_being_told_to_end_is_passed_on_and_the_end_of_the_step_waited_for(
    place: StateDir, start: Start, number: signal.Signals
) -> None:
    tidy = "trap 'sleep 0.5; echo tidied >>$GPUSETUP_ROOT/log' EXIT\n"
    made = recipe(tidy + SLOW)
    process = start(made)
    process.send_signal(number)
    process.wait(timeout=60)
    assert process.returncode in {128 + number, -number, 1}
    assert log(place) == ["begin", "tidied"]
    assert [entry.event for entry in place.journal.entries()] == ["started"]
    assert free(place)
    (place.root / "go-on").touch()
    assert apply(made, place, quiet) == "done"


def test_the_command_that_runs_is_not_left_alone(place: StateDir, start: Start) -> None:
    """A command that does not heed the signal, such as dnf in a transaction, ends before its step does."""
    stubborn = "bash -c \"trap '' TERM; echo begin >>$GPUSETUP_ROOT/log; sleep 2; echo end >>$GPUSETUP_ROOT/log\"\n"
    process = start(recipe(stubborn + "echo never >>$GPUSETUP_ROOT/log"))
    process.terminate()
    process.wait(timeout=60)
    assert log(place) == ["begin", "end"]
    assert free(place)


def test_a_daemon_that_a_step_starts_keeps_neither_the_lock_nor_the_run(place: StateDir) -> None:
    daemon = "setsid sleep 300 & echo $! >$GPUSETUP_ROOT/daemon\n"
    apply(recipe(daemon + "touch $GPUSETUP_ROOT/one"), place, quiet)
    pid = int((place.root / "daemon").read_text())
    try:
        os.kill(pid, 0)
        held = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
        assert str(place.lock_file) not in held
        assert free(place)
    finally:
        os.kill(pid, signal.SIGKILL)


def test_a_step_without_its_holder_is_still_seen(place: StateDir, start: Start) -> None:
    """Whoever kills the holder too, by hand, has freed the lock; the step is in it by its process."""
    made = recipe(SLOW)
    process = start(made)
    pid = int((place.root / "log").read_text().split()[1])
    holder = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    process.kill()
    process.wait()
    os.kill(holder, signal.SIGKILL)
    with pytest.raises(RefusedError, match=f"process {pid}"):
        apply(made, place, quiet)
    (place.root / "go-on").touch()
    waited_for(lambda: free(place))


@pytest.mark.parametrize("text", ["", "1 2 3 4", "x y z", "PID 1 one", "1 one", "\xff"])
def test_what_the_lock_says_of_a_process_that_is_gone_hinders_nobody(place: StateDir, text: str) -> None:
    with place.locked():
        place.lock_file.write_text(text.replace("PID", str(os.getpid())))
    assert free(place)
