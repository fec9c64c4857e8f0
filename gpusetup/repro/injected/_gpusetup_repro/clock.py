"""A clock that begins at the same moment in every run, and advances a millisecond each time it is read.

The clocks that measure durations (``perf_counter``, ``monotonic``) are left alone: time-outs and waits rest on them.
"""

from __future__ import annotations

import itertools
from typing import Any

STEP = 0.001


def set_time(time: Any, value: Any) -> Any:
    """Replace what says which time it is."""
    begin, reads = float(value), itertools.count(1)
    real = {name: getattr(time, name) for name in ("localtime", "gmtime", "ctime", "strftime", "asctime")}

    def now() -> Any:
        return begin + next(reads) * STEP

    def default(name: Any) -> Any:
        return lambda secs=None: real[name](now() if secs is None else secs)

    time.time = now
    time.time_ns = lambda: int(now() * 1_000_000) * 1_000
    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, default(name))
    time.strftime = lambda form, t=None: real["strftime"](form, time.localtime() if t is None else t)
    time.asctime = lambda t=None: real["asctime"](time.localtime() if t is None else t)


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
