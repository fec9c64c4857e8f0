"""The rendered script: its lock lives as long as the step, signals reach the step, and what it keeps is root's."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from gpusetup.apply.run import apply
from gpusetup.apply.state_dir import StateDir
from gpusetup.errors import RefusedError
from gpusetup.render.formats import render
from gpusetup.render.model import Recipe, Step
from gpusetup.render.steps import digest, read_library, recipe
from tests.shims.conftest import Fedora, wait_until_free
from tests.stacks import laptop

SLOW = """
echo "begin $BASHPID" >>$root/log
until [[ -e $root/go-on ]]; do sleep 0.05; done
echo "end $BASHPID" >>$root/log
touch $root/one
"""
Start = Callable[..., subprocess.Popen[str]]


def made(text: str, check: str = "[[ -e $root/one ]]") -> Recipe:
    step = Step(id="one-step", title="one", why="for the test", check=f"{check}\n", apply=text + "\n", undo=":\n")
    library = read_library("fedora")
    return msgspec.structs.replace(
        recipe(laptop()), steps=(step,), library=library, digest=digest(library, (step,))
    )  # fmt: skip


def script(text: str, check: str = "[[ -e $root/one ]]") -> str:
    return render(made(text, check), "bash", "2026-11-22")


@pytest.fixture
def start(fedora: Fedora) -> Iterator[Start]:
    """Begin a script in a process group of its own, and return when its step is at work."""

    def begin(text: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        path = fedora.root.parent / "slow.sh"
        path.write_text(text)
        process = subprocess.Popen(
            ["bash", path], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={"PATH": f"{fedora.tools}:/usr/bin:/bin", "GPUSETUP_ROOT": str(fedora.root), "SHIM": str(fedora.shim)},
            process_group=0,  # not a session of its own, whose leader would take the terminal with it
        )  # fmt: skip
        waited_for((fedora.root / "log").exists)
        return process

    yield begin
    (fedora.root / "go-on").touch()  # whatever a failed test has left at work ends by itself


def waited_for(there: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def log(fedora: Fedora) -> list[str]:
    return [line.split()[0] for line in (fedora.root / "log").read_text().splitlines()]


@pytest.fixture(params=["no terminal", "terminal"])
def stdin(request: pytest.FixtureRequest) -> Iterator[int]:
    if request.param == "no terminal":
        yield subprocess.DEVNULL
        return
    master, slave = pty.openpty()
    yield slave
    os.close(master)
    os.close(slave)


def test_a_step_that_outlives_its_script_keeps_the_lock(fedora: Fedora, start: Start, stdin: int) -> None:
    text = script(SLOW)
    process = start(text, stdin)
    process.kill()
    process.wait()
    refused = fedora.run(text)
    assert refused.returncode == 1
    assert "another run is in progress" in refused.stderr
    assert "the step one-step of another run is still running (process " in refused.stderr
    with pytest.raises(RefusedError, match="the step 'one-step' of another run"):  # nor does the command run into it
        apply(made(SLOW), StateDir(fedora.root), print)
    assert log(fedora) == ["begin"]
    (fedora.root / "go-on").touch()
    waited_for(lambda: log(fedora) == ["begin", "end"])
    wait_until_free(fedora.root)
    assert fedora.run(text).returncode == 0
    assert log(fedora) == ["begin", "end", "begin", "end"]


def test_what_a_step_notes_in_the_lock_is_when_its_own_shell_was_started(fedora: Fedora) -> None:
    functions = script("touch $root/one").rpartition("case ${1:-} in")[0]
    slow = 'need_root; (sleep 0.1; begin one-step apply; read -ra words <"/proc/$BASHPID/stat"; say "${words[21]}")'
    said = fedora.run(f"{functions}\n{slow}\n").stdout.split()  # many ticks are between that shell and its children
    assert (fedora.root / "var/lib/gpusetup/lock").read_text().split()[1:] == [*said, "one-step"]


def test_a_step_of_the_command_keeps_the_script_out(fedora: Fedora) -> None:
    with StateDir(fedora.root).locked():
        refused = fedora.run(script("touch $root/one"))
    assert refused.returncode == 1
    assert "another run is in progress" in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_being_told_to_end_is_passed_on_and_the_end_of_the_step_waited_for(
    fedora: Fedora, start: Start, number: signal.Signals
) -> None:
    text = script("trap 'sleep 0.5; echo tidied >>$root/log' EXIT\n" + SLOW)
    process = start(text)
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == -number
    assert "during the step one-step, which has ended" in said
    assert log(fedora) == ["begin", "tidied"]
    assert fedora.events() == [("one-step", "started")]
    (fedora.root / "go-on").touch()
    assert fedora.run(text).returncode == 0


def test_at_a_terminal_a_signal_waits_for_the_end_of_the_step(fedora: Fedora, start: Start) -> None:
    """There the step is in the script's own process group, which Ctrl-C reaches; others must not part the two."""
    master, slave = pty.openpty()
    process = start(script(SLOW), slave)
    process.terminate()
    time.sleep(0.5)
    assert process.poll() is None
    (fedora.root / "go-on").touch()
    said, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert log(fedora) == ["begin", "end"]
    assert "interrupted (SIGTERM) during the step one-step" in said
    os.close(master)
    os.close(slave)


def test_the_command_that_runs_is_not_left_alone(fedora: Fedora, start: Start) -> None:
    stubborn = "bash -c \"trap '' TERM; echo begin >>$root/log; sleep 2; echo end >>$root/log\"\necho never >>$root/log"
    process = start(script(stubborn))
    process.terminate()
    process.communicate(timeout=60)
    assert log(fedora) == ["begin", "end"]
    wait_until_free(fedora.root)


def test_a_step_that_is_killed_stays_begun_and_is_done_again(fedora: Fedora) -> None:
    killed = fedora.run(script("echo begin >>$root/log; touch $root/one; kill -KILL $BASHPID"))
    assert killed.returncode == 6
    assert "was killed (signal 9)" in killed.stderr
    assert fedora.events() == [("one-step", "started")]
    assert fedora.run(script("echo begin >>$root/log; touch $root/one")).returncode == 0
    assert log(fedora) == ["begin", "begin"]


def test_a_daemon_that_a_step_starts_does_not_keep_the_lock(fedora: Fedora) -> None:
    text = script("setsid sleep 300 >/dev/null 2>&1 & echo $! >$root/daemon; touch $root/one")
    assert fedora.run(text).returncode == 0
    pid = int((fedora.root / "daemon").read_text())
    try:
        os.kill(pid, 0)
        assert fedora.run(text).returncode == 0
    finally:
        os.kill(pid, signal.SIGKILL)


def test_a_step_can_ask_its_question_at_a_terminal(fedora: Fedora, start: Start) -> None:
    master, slave = pty.openpty()
    process = start(
        script("echo begin >>$root/log; [[ -t 0 ]]; read -r -p 'Yes? ' answer; echo $answer >$root/one"), slave
    )
    os.write(master, b"yes\n")
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert (fedora.root / "one").read_text() == "yes\n"
    os.close(master)
    os.close(slave)


# ── what is kept is root's ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o077])
def test_what_is_kept_is_for_root_alone_whatever_the_umask(fedora: Fedora, umask: int) -> None:
    before = os.umask(umask)
    try:
        done = fedora.run(script("echo text | write_file one-step /etc/new/a; echo x | keep $state/x; touch $root/one"))
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    state = fedora.root / "var/lib/gpusetup"
    assert state.stat().st_mode & 0o777 == 0o700
    for name in ("journal.jsonl", "lock", "x"):
        assert (state / name).stat().st_mode & 0o777 == 0o600
    assert (fedora.root / "etc/new").stat().st_mode & 0o777 == 0o755
    assert (fedora.root / "etc/new/a").stat().st_mode & 0o777 == 0o644


def test_a_folder_that_others_can_write_to_is_refused(fedora: Fedora) -> None:
    state = fedora.root / "var/lib/gpusetup"
    state.mkdir(parents=True)
    for place, mode in ((state, 0o777), (state, 0o1777), (state.parent, 0o777)):
        place.chmod(mode)
        for door in ((), ("--undo",)):
            done = fedora.run(script("touch $root/one"), *door)
            assert done.returncode == 1
            assert "other users can change" in done.stderr
        place.chmod(0o755)
    assert not (fedora.root / "one").exists()


@pytest.mark.root("only root can give a folder to another user")
def test_a_folder_of_another_user_is_refused(fedora: Fedora) -> None:
    state = fedora.root / "var/lib/gpusetup"
    state.mkdir(parents=True)
    shutil.chown(state, "nobody")
    done = fedora.run(script("touch $root/one"))
    assert done.returncode == 1
    assert "nobody can change " in done.stderr


@pytest.mark.root("only root can become another user")
@pytest.mark.parametrize("option", ["--check", "--dry-run"])
def test_another_user_who_looks_is_told_that_root_has_to(option: str) -> None:
    """Else a step whose notes cannot be read would seem not to be done."""
    with tempfile.TemporaryDirectory(prefix="gpusetup-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "var/lib/gpusetup").mkdir(parents=True)
        (folder / "var/lib/gpusetup").chmod(0o700)
        (folder / "recipe.sh").write_text(script("touch $root/one"))
        done = subprocess.run(
            ["runuser", "-u", "nobody", "--", "env", f"GPUSETUP_ROOT={name}", "bash", folder / "recipe.sh", option],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "use sudo" in done.stderr
    assert "to do" not in done.stdout


def test_a_bundle_is_gathered_only_where_root_alone_can_write(fedora: Fedora, tmp_path: Path) -> None:
    """Its scripts are run as root later, and its files are written as root now."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    folder.chmod(0o777)
    for tool in ("createrepo_c",):
        (fedora.tools / tool).symlink_to("/bin/true")
    path = tmp_path / "gather.sh"
    path.write_text(render(recipe(laptop()), "bundle", "2026-11-22"))
    done = subprocess.run(
        ["bash", path, folder], capture_output=True, text=True, check=False,
        env={"PATH": f"{fedora.tools}:/usr/bin:/bin", "SHIM": str(fedora.shim)},
    )  # fmt: skip
    assert done.returncode == 1
    assert "other users can change" in done.stderr
    assert list(folder.iterdir()) == []
