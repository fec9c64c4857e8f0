"""Tell a child that hangs from one that a busy machine does not let run: the wall clock alone would accuse both."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 300.0
"""For one case: idle, as a heap that an earlier one damaged may leave a lock that nobody releases; or computing, on
each thread, as such a lock may be waited for in a loop."""
_EVERY = 5.0  # seconds between two looks
_SHARE = 0.01  # of the time: threads that only poll use less
_TICK = 1 / os.sysconf("SC_CLK_TCK")
_NANO = 1e-9


def limit_computing(threads: int, seconds: float = SECONDS) -> None:
    """Have the kernel end this process by SIGPROF when it has computed so long on each thread from now on."""
    signal.setitimer(signal.ITIMER_PROF, seconds * threads)


def busy(pid: int, proc: Path = Path("/proc")) -> float:
    """Return how many seconds a process and its children have computed, or waited for a processor; 0 if it is gone.

    A compiler that it has started is at work for it. See proc_pid_stat(5), fields 14 to 17, which count children that
    have ended, and the second number of ``schedstat``, where the kernel has it.
    """
    folder = proc / str(pid)
    try:
        # the second field is the program's name, which may contain spaces and parentheses: count from the last ")"
        fields = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        tasks = list((folder / "task").iterdir())
    except OSError:
        return 0.0
    here = sum(map(int, fields[11:15])) * _TICK + sum(map(_waited, tasks))
    return here + sum(busy(child, proc) for task in tasks for child in _children(task))


def _waited(task: Path) -> float:
    fields = _read(task / "schedstat").split()
    return int(fields[1]) * _NANO if fields else 0.0


def _children(task: Path) -> list[int]:
    return [int(child) for child in _read(task / "children").split()]


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except OSError:  # the task has ended, or the kernel does not have it
        return ""


class Watch:
    """Ends a child by SIGALRM when it has been idle for `seconds`."""

    def __init__(
        self,
        pid: int,
        seconds: float = SECONDS,
        *,
        look: Callable[[int], float] = busy,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pid, self._seconds, self._look, self._clock = pid, seconds, look, clock
        self._worked = self._seen = clock()
        self._done = 0.0

    def look(self) -> None:
        """Look at the child, if it is time to; one that has exited and was not waited for yet takes no harm."""
        now = self._clock()
        if now - self._seen < min(_EVERY, self._seconds / 4):
            return
        done = self._look(self._pid)
        if done - self._done > _SHARE * (now - self._seen):
            self._worked = now
        self._done, self._seen = done, now
        if now - self._worked >= self._seconds:
            os.kill(self._pid, signal.SIGALRM)
