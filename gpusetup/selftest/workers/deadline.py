"""Decide when a worker is hung. Wall time alone would accuse healthy workers on a busy machine.

A worker makes progress when it reports steps. It is active while it and its children use the processor, wait for one,
or move data to and from storage. The deadline counts seconds with neither. An endless loop is always active, so there
are two more bounds: processor time without progress, and ten times the deadline in total.

Waiting for a GPU is not activity: the driver either spins, which is processor time, or sleeps. One sleeping wait for
a CUDA kernel that lasts the whole deadline counts as hung; the CUDA kernels of the checks take milliseconds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gpusetup.selftest.workers.activity import Activity, activity

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 10
"""A run may take at most this many times the deadline, even when it is active."""
_SHARE = 0.01
"""Share of the deadline that counts as activity: threads that only poll, as the driver's do, use less."""
_MOVED = 1 << 20  # bytes; a page fault or a log line is less, loading a library or a data set is more
_LOOKS = 20  # looks per deadline, so that a hang is noticed at most 5 % late
_EVERY = 5.0  # seconds; reading /proc of a whole process family is not free
_BLIND = 5.0  # seconds between two looks that still count as watched; more means that this program was stopped itself


class Deadline:
    """Watches the worker `pid`, which may be idle for `seconds`, or compute that long on each of `threads`.

    The run as a whole may take `longer` than others, in seconds.
    """

    def __init__(
        self,
        pid: int,
        seconds: float,
        threads: int,
        *,
        longer: float = 0.0,
        look: Callable[[int], Activity | None] = activity,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pid, self._seconds, self._threads = pid, seconds, threads
        self._longest = LONGEST * seconds + longer
        self._look, self._clock = look, clock
        self._time, self._last = 0.0, clock()
        self._looked = self._worked = self._stepped = 0.0
        self._first = True
        self._at_work = self._step = Activity()
        self._best, self._advanced = 0, False

    def progress(self, done: int) -> None:
        """Record that step `done` was reached; a step that was reached before is no progress."""
        if done > self._best:
            self._best, self._advanced = done, True

    def passed(self) -> str:
        """Return why the worker is hung, as text that continues "the job …", or "" while it is not."""
        now = self._now()
        if now - self._looked < min(_EVERY, self._seconds / _LOOKS):
            return ""
        self._looked, seen = now, self._look(self._pid)
        if seen is None:
            return self._late_by_clock(now)
        if self._first or self._advanced:
            self._worked = self._stepped = now
            self._at_work = self._step = seen
            self._first = self._advanced = False
        elif self._works(seen):
            self._worked, self._at_work = now, seen
        return self._late(now, seen.computed - self._step.computed)

    def _late_by_clock(self, now: float) -> str:
        """Return why it is hung, by wall time alone, where /proc cannot be read."""
        if self._advanced:
            self._stepped, self._advanced = now, False
        late = now - self._stepped > self._seconds or now > self._longest
        return f"made no step for {self._seconds:g} s (--deadline)" if late else ""

    def _late(self, now: float, computed: float) -> str:
        if now - self._worked > self._seconds:
            return f"was idle for {self._seconds:g} s: no processor time and no progress (--deadline)"
        if now - self._stepped > self._seconds and computed > self._seconds * self._threads:
            return f"used {computed:.0f} s of processor time without finishing or reaching the next step (--deadline)"
        if now > self._longest:
            return f"had not finished after {now:.0f} s, {LONGEST} times the --deadline"
        return ""

    def _works(self, seen: Activity) -> bool:
        before = self._at_work
        if seen.computed < before.computed or seen.waited < before.waited or seen.moved < before.moved:
            return True  # a process has ended, and its counters are gone with it
        active = seen.computed - before.computed + seen.waited - before.waited
        return active > _SHARE * self._seconds or seen.moved - before.moved > _MOVED

    def _now(self) -> float:
        """Return the seconds for which it was watched, without those in which this program was itself suspended."""
        now = self._clock()
        self._time += min(now - self._last, max(_BLIND, self._seconds / 2))
        self._last = now
        return self._time
