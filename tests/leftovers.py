"""No test leaves a process behind, whatever its end: one that does has failed, and what it left is ended and named.

The process that runs the tests adopts every orphan (prctl(2): PR_SET_CHILD_SUBREAPER), so a grandchild whose parent
has ended, or one with a session and an environment of its own, is found among its children like any other.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

PR_SET_CHILD_SUBREAPER = 36
GRACE = 5.0
"""Seconds that a process which was told to end may still take: the kernel ends a tree one after another."""


BEFORE = pytest.StashKey[set[int]]()


def children() -> set[int]:
    """Return the children of this process, adopted and ended ones too."""
    lists = Path("/proc/self/task").glob("*/children")
    return {int(pid) for text in map(_text, lists) for pid in text.split()}


def left_beside(before: set[int], grace: float | None = None) -> list[str]:
    """Wait for the children that are not in `before`; end those that live on and return their command lines.

    `grace` are the seconds to wait, `GRACE` unless given.
    """
    end = time.monotonic() + (GRACE if grace is None else grace)
    while (alive := _alive(before)) and time.monotonic() < end:
        time.sleep(0.01)
    named = [f"{pid} {_command(pid)}" for pid in sorted(alive)]
    while alive:
        for pid in alive:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
        alive = _alive(before)  # those of the killed ones are ours now
    return named


@contextmanager
def nothing_left(whose: str) -> Iterator[None]:
    """Fail where a process that was started meanwhile lives on."""
    before = children()
    yield
    if left := left_beside(before):
        pytest.fail(f"{whose} left processes behind (ended now):\n  " + "\n  ".join(left), pytrace=False)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[BEFORE] = children()
    adopt_orphans()


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own has ended; a fork does not inherit that."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End what a worker left that was killed itself: its children are ours then."""
    if left := left_beside(session.config.stash[BEFORE]):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        sys.stderr.write("\n  ".join(("processes were left behind (ended now):", *left, "")))


@pytest.fixture(autouse=True, scope="session")
def _no_process_outlives_the_session() -> Iterator[None]:
    with nothing_left("the fixtures of the session"):
        yield


@pytest.fixture(autouse=True)
def _no_process_outlives_its_test(request: pytest.FixtureRequest) -> Iterator[None]:
    with nothing_left(request.node.nodeid):
        yield


@pytest.fixture
def end_what_is_left() -> Iterator[None]:
    """For a test whose point is that something lives on: end it."""
    before = children()
    yield
    left_beside(before, 0)


def _alive(before: set[int]) -> set[int]:
    """Return the children beside `before` that have not ended; collect those that have."""
    return {pid for pid in children() - before if not _has_ended(pid)}


def _has_ended(pid: int) -> bool:
    with suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return True


def _command(pid: int) -> str:
    return _text(Path(f"/proc/{pid}/cmdline")).replace("\0", " ").strip()


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
