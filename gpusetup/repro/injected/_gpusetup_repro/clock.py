"""A clock that begins at the same moment in every run, and advances each time it is read.

The clocks that measure durations are an axis of their own (``durations``). What the standard library asks of them is
left alone: time-outs and waits of threads, sockets and child processes rest on them.
"""

from __future__ import annotations

import itertools
import os
import sys
from typing import Any

STEP = 0.001
"""Seconds that the first readings advance a clock by."""
SLOWEST = 64
"""Readings after which a step has grown by one `STEP`: a loop until a deadline ends, however often it asks."""
LAST = 64000
"""Readings after which steps grow no more: one is a second then, and a year of them is no date that overflows."""
_GOLDEN = 0.6180339887498949
"""Its multiples are spread evenly between whole numbers, in no simple order."""
_LIBRARY = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_OTHERS = (_LIBRARY + "site-packages" + os.sep, _LIBRARY + "dist-packages" + os.sep)


def counting(rate: float) -> Any:
    """Return a function that gives the seconds since its first call, which depend only on how often it was called.

    At the rate of 1 the steps are even; at any other they are not, so that what was faster may be slower.
    """
    reads = itertools.count()

    def passed() -> Any:
        number = next(reads)
        early, late = min(number, LAST), max(0, number - LAST)
        seconds = early + early * early / (2 * SLOWEST) + late * (1 + LAST / SLOWEST)
        if rate != 1 and number:
            seconds += 0.9 * (number * _GOLDEN * rate % 1)  # less than a step: it never goes back
        return rate * STEP * seconds

    return passed


def set_time(time: Any, value: Any) -> Any:
    """Replace what says which time it is; `value` is the first moment, and how fast time passes from there."""
    begin, _, rate = value.partition(",")
    passed = counting(float(rate or 1))
    real = {name: getattr(time, name) for name in ("localtime", "gmtime", "ctime", "strftime", "asctime")}

    def now() -> Any:
        return float(begin) + passed()

    def default(name: Any) -> Any:
        return lambda secs=None: real[name](now() if secs is None else secs)

    time.time = now
    time.time_ns = lambda: int(now() * 1_000_000) * 1_000
    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, default(name))
    time.strftime = lambda form, t=None: real["strftime"](form, time.localtime() if t is None else t)
    time.asctime = lambda t=None: real["asctime"](time.localtime() if t is None else t)


def set_durations(time: Any, value: Any) -> Any:
    """Replace the clocks that measure durations, for all but the standard library; `value` is how fast they run."""
    for name in ("perf_counter", "monotonic", "process_time", "thread_time"):
        passed, real = counting(float(value)), getattr(time, name)
        setattr(time, name, _for_programs(passed, real))
        setattr(time, name + "_ns", _for_programs(_in_nanoseconds(passed), getattr(time, name + "_ns")))


def _in_nanoseconds(passed: Any) -> Any:
    return lambda: int(passed() * 1_000_000) * 1_000


def _for_programs(replaced: Any, real: Any) -> Any:
    def read() -> Any:
        path = sys._getframe(1).f_code.co_filename
        library = path.startswith((_LIBRARY, "<frozen")) and not path.startswith(_OTHERS)
        return real() if library else replaced()

    return read


def set_datetime(module: Any, value: Any) -> Any:
    """Replace ``datetime.now`` and ``date.today``; what they return is of the real types."""
    import time

    real_datetime, real_date = module.datetime, module.date

    class Kind(type):
        def __instancecheck__(cls, one: Any) -> Any:
            return isinstance(one, cls.__mro__[1])

        def __subclasscheck__(cls, kind: Any) -> Any:
            return issubclass(kind, cls.__mro__[1])

    class datetime(real_datetime, metaclass=Kind):  # type: ignore[misc,valid-type]  # noqa: N801
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real_datetime.fromtimestamp(time.time(), tz)

        @classmethod
        def utcnow(cls) -> Any:
            return real_datetime.fromtimestamp(time.time(), module.timezone.utc).replace(tzinfo=None)

        @classmethod
        def today(cls) -> Any:
            return real_datetime.fromtimestamp(time.time())

    class date(real_date, metaclass=Kind):  # type: ignore[misc,valid-type]  # noqa: N801
        @classmethod
        def today(cls) -> Any:
            return real_date.fromtimestamp(time.time())

    module.datetime, module.date = datetime, date
