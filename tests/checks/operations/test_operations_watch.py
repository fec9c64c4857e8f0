"""A child that hangs or computes without end is ended and named; one that a busy machine slows down is not."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.operations import watch
from checks.operations.isolate import Item, in_children
from checks.operations.watch import Watch, busy, limit_computing

Done = Callable[[Item], None]


def ends(part: Callable[[Done], None], folder: Path, seconds: float) -> str:
    (ended,) = in_children([part], folder, 1, lambda _: None, seconds)
    return ended.why


def hang(_: Done) -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def test_a_child_that_waits_for_ever_is_ended(tmp_path: Path) -> None:
    assert ends(hang, tmp_path, 1.5) == "killed by SIGALRM: it hung"


def test_a_child_that_computes_without_end_is_ended(tmp_path: Path) -> None:
    def spin(_: Done) -> None:
        limit_computing(2, 0.05)
        while True:
            pass

    assert ends(spin, tmp_path, 60) == "killed by SIGPROF: it computed without end"


def test_others_go_on_while_one_hangs(tmp_path: Path) -> None:
    ended = in_children([hang, lambda _: None, lambda _: None], tmp_path, 2, lambda _: None, 1.5)
    assert [one.why for one in ended] == ["killed by SIGALRM: it hung", "", ""]


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("share", "killed"), [(0.0, True), (0.005, True), (0.02, False), (1.0, False)])
def test_idle_is_neither_computing_nor_waiting_for_a_processor(
    monkeypatch: pytest.MonkeyPatch, share: float, killed: bool
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _, number: sent.append(number))
    clock = Clock()
    one = Watch(1, 300, look=lambda _: share * clock.now, clock=clock)
    for _ in range(70):
        clock.now += 5
        one.look()
    assert bool(sent) == killed
    assert set(sent) <= {signal.SIGALRM}


def test_time_that_a_process_is_ready_to_run_counts_as_busy_and_its_children_count(tmp_path: Path) -> None:
    """A process whose name has spaces and parentheses; two threads, one of a kernel without schedstat; a compiler."""

    def write(pid: int, name: str, threads: dict[str, str], children: str) -> None:
        for thread, text in threads.items():
            folder = tmp_path / str(pid) / "task" / thread
            folder.mkdir(parents=True)
            (folder / "schedstat").write_text(text)
            (folder / "children").write_text(children)
        fields = ["S", *["0"] * 10, "100", "50", "25", "25", *["0"] * 30]
        (tmp_path / str(pid) / "stat").write_text(f"{pid} ({name}) {' '.join(fields)}")

    write(7, "a (b) c", {"7": "5000000000 3000000000 12", "8": ""}, "9 ")
    write(9, "cc1plus", {"9": "0 0 0"}, "")
    (tmp_path / "7" / "task" / "8" / "children").unlink()
    assert busy(7, tmp_path) == pytest.approx(400 * watch._TICK + 3)
    assert busy(6, tmp_path) == 0


def test_this_process_is_seen_to_work() -> None:
    before, started = busy(os.getpid()), time.process_time()
    while time.process_time() - started < 0.1:
        pass
    assert busy(os.getpid()) - before > 0.05
