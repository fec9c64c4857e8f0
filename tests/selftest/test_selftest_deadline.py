"""A deadline counts progress: who computes is not hung, however busy the machine; who does nothing is; all ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusetup.selftest.workers.activity import Activity, _by_parent, activity, family
from gpusetup.selftest.workers.deadline import LONGEST, Deadline
from tests.selftest.small_world import RIGHT, World, failed

STOPPED = "import os, signal\ndef run(job, record): os.kill(os.getpid(), signal.SIGSTOP)"
ENDLESS = "def run(job, record):\n    while True: pass"
# as a machine with five times as many programs as processors lets it run
SELDOM = (
    "import time\n"
    + RIGHT.replace(
        "def run(job, record):",
        "def run(job, record):\n"
        "    ends = time.monotonic() + 3\n"
        "    while time.monotonic() < ends:\n"
        "        time.sleep(0.08)\n"
        "        now = time.monotonic()\n"
        "        while time.monotonic() < now + 0.02: pass",
    )
)  # fmt: skip
STEPS = "import time\n" + RIGHT.replace(
    "def run(job, record):",
    "def run(job, record):\n    for step in range(6):\n        time.sleep(0.5)\n        record.progress(step + 1, 7)",
).replace("record.progress(1, 1)", "record.progress(7, 7)")


def ended(world: World, source: str, deadline: float) -> tuple[str, str]:
    """Return outcome and cause of a job whose source this is."""
    world.add("one", pytorch=source)
    world.add("next", pytorch=RIGHT)
    proof = world.prove("one", "next", frameworks=("pytorch",), repeat=1, deadline=deadline)
    runs = {run.job.check: run for run in proof.runs if run.job.framework == "pytorch"}
    assert runs["next"].outcome == "finished"
    assert bool(failed(proof)) == (runs["one"].outcome != "finished")
    return runs["one"].outcome, runs["one"].cause


@pytest.mark.parametrize("source", [STOPPED, "import time\ndef run(job, record): time.sleep(600)"])
def test_a_job_that_does_nothing_is_hung(world: World, source: str) -> None:
    outcome, cause = ended(world, source, 2)
    assert (outcome, "was idle for 2 s" in cause) == ("hung", True)


def test_a_job_that_computes_whenever_it_may_is_not(world: World) -> None:
    assert ended(world, SELDOM, 1.2) == ("finished", "")


def test_a_job_that_sleeps_and_reports_steps_is_not(world: World) -> None:
    assert ended(world, STEPS, 1.5) == ("finished", "")


def test_a_loop_without_end_is_ended_by_its_processor_time(world: World) -> None:
    outcome, cause = ended(world, ENDLESS, 1.5)
    assert (outcome, "of processor time without finishing" in cause) == ("hung", True)


def test_a_child_that_computes_counts_for_its_parent(world: World) -> None:
    child = "ends = time.monotonic() + 2.5\nwhile time.monotonic() < ends: time.sleep(0.05); sum(range(200000))"
    waiting = (
        f"    import subprocess, sys\n    subprocess.run([sys.executable, '-c', {'import time' + chr(10) + child!r}])\n"
    )
    assert (
        ended(world, RIGHT.replace("def run(job, record):\n", f"def run(job, record):\n{waiting}"), 2)[0] == "finished"
    )


class Scripted:
    """A clock and a kernel that say what they are told, second by second."""

    def __init__(self, *, computed: float = 0.0, waited: float = 0.0, moved: int = 0) -> None:
        self.now, self.rates = 0.0, Activity(computed, waited, moved)

    def look(self, _pid: int) -> Activity:
        return Activity(*(rate * self.now for rate in self.rates))  # type: ignore[arg-type]

    def until_hung(self, deadline: Deadline, most: float = 1e6, progress: float = 0.0) -> tuple[float, str]:
        while not (said := deadline.passed()):
            self.now += 1.0
            if progress and self.now < progress:
                deadline.progress(int(self.now))
            assert self.now < most, "it never ends"
        return self.now, said


def watched(kernel: Scripted, threads: int = 1) -> Deadline:
    return Deadline(1, 100.0, threads, look=kernel.look, clock=lambda: kernel.now)


@pytest.mark.parametrize(
    ("rates", "threads", "least", "most", "said"),
    [
        ({}, 1, 100, 110, "was idle"),
        ({"computed": 0.0005}, 1, 100, 110, "was idle"),  # threads of a driver that only poll
        ({"computed": 1.0}, 1, 100, 110, "used"),
        ({"computed": 4.0}, 4, 100, 110, "used"),
        ({"computed": 1.0}, 4, 400, 410, "used"),
        ({"computed": 0.2}, 1, 500, 510, "used"),
        ({"computed": 0.05}, 1, 1000, 1010, f"{LONGEST} times the --deadline"),
        ({"waited": 1.0}, 1, 1000, 1010, f"{LONGEST} times the --deadline"),  # always ready, and never let run
        ({"moved": 1 << 20}, 1, 1000, 1010, f"{LONGEST} times the --deadline"),  # reads a slow disk
    ],
)
def test_when_it_is_hung(rates: dict[str, float], threads: int, least: float, most: float, said: str) -> None:
    kernel = Scripted(**rates)  # type: ignore[arg-type]
    when, why = kernel.until_hung(watched(kernel, threads))
    assert least <= when <= most
    assert said in why


def test_progress_starts_the_count_anew_up_to_ten_times_the_deadline() -> None:
    kernel = Scripted()
    assert 700 <= kernel.until_hung(watched(kernel), progress=600)[0] <= 712
    kernel = Scripted(computed=1.0)
    when, why = kernel.until_hung(watched(kernel), progress=1e9)
    assert (1000 <= when <= 1010, "times the --deadline" in why) == (True, True)


def test_the_same_step_again_is_no_progress() -> None:
    kernel = Scripted()
    deadline = watched(kernel)
    for _ in range(105):
        kernel.now += 1.0
        deadline.progress(1)
        deadline.passed()
    kernel.now += 5
    assert "was idle" in deadline.passed()


def test_a_program_that_was_stopped_itself_blames_nobody() -> None:
    kernel = Scripted()
    deadline = watched(kernel)
    kernel.now += 5
    assert deadline.passed() == ""
    kernel.now += 86400  # Ctrl-Z, and fg the next day
    assert deadline.passed() == ""
    assert "was idle" in kernel.until_hung(deadline)[1]


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[bytes]]:
    code = "import os, time\nif os.fork() == 0:\n    while True: pass\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True) as parent:
        yield parent
        os.killpg(parent.pid, 9)


def test_what_the_kernel_says_of_a_family(busy: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 20
    while len(family(busy.pid)) < 2:
        assert time.monotonic() < ends
        time.sleep(0.02)
    before = computed(busy.pid)
    while computed(busy.pid) - before < 0.2:
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert activity(2**22 + 1) is None
    assert sorted(_by_parent(busy.pid, Path("/proc"))) == sorted(family(busy.pid))


def computed(pid: int) -> float:
    return computed_of(activity(pid))


def test_a_kernel_that_tells_little_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "7/task/7").mkdir(parents=True)
    fields = ["S", "1", *"0" * 9, "150", "50", "30", "20"]  # state and ppid; utime, stime, cutime, cstime come 14th
    (tmp_path / "7/stat").write_text(f"7 (a) b) {' '.join(fields)} 0 0")
    ticks = os.sysconf("SC_CLK_TCK")
    assert activity(7, tmp_path) == Activity(computed=(150 + 50 + 30 + 20) / ticks)
    (tmp_path / "7/task/7/schedstat").write_text("1000 2500000000 3")
    (tmp_path / "7/io").write_text("rchar: 9\nread_bytes: 4096\nwrite_bytes: 512\ncancelled_write_bytes: 0\n")
    found = activity(7, tmp_path)
    assert found is not None
    assert found[1:] == (2.5, 4608)
    (tmp_path / "8/task/8").mkdir(parents=True)  # no ``children`` here: found by the parent it names
    (tmp_path / "8/stat").write_text(f"8 (c) {' '.join(['S', '7', *fields[2:]])} 0 0")
    assert family(7, tmp_path) == [7, 8]
    assert computed_of(activity(7, tmp_path)) == 2 * (150 + 50 + 30 + 20) / ticks


def computed_of(found: Activity | None) -> float:
    assert found is not None
    return found.computed


def test_where_the_kernel_says_nothing_only_steps_count() -> None:
    kernel = Scripted()
    blind = Deadline(1, 100.0, 1, look=lambda _: None, clock=lambda: kernel.now)
    when, why = kernel.until_hung(blind, progress=300)
    assert (400 <= when <= 412, "made no step for 100 s" in why) == (True, True)
