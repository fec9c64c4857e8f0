"""When hosts were read, by their own clocks: what cannot be true, and what is older than the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median_low

from gpusetup.fleet.host import Host
from gpusetup.fleet.model import Reason

AHEAD = timedelta(minutes=5)
"""A clock that is set by NTP is within a second; collecting through a slow file system is no reason for more."""
OLD = timedelta(days=1)
_MADE = datetime(2026, 1, 1, tzinfo=UTC)
"""No machine was read before gpusetup could."""


def clock_reasons(hosts: Iterable[Host], now: datetime) -> Iterator[tuple[str, Reason]]:
    """Yield what is wrong with the time of a host's reading, with the host's name."""
    times = {one.name: _time(one.read_at) for one in hosts if one.read_at}
    known = [time for time in times.values() if time is not None]
    usual = median_low(known) if known else now
    for name, time in times.items():
        if time is None:
            yield name, Reason(kind="clock", weight="unknown", text="the time of its reading is no time")
        elif time > now + AHEAD:
            yield name, _wrong(f"its clock is {_span(time - now)} ahead of this machine's")
        elif time < _MADE:
            yield name, _wrong(f"its clock is not set: it was read on {time:%Y-%m-%d} by its own clock")
        elif usual - time > OLD:
            yield name, _wrong(f"it was read {_span(usual - time)} before most others: a new report is needed, or its "
                               "clock is behind")  # fmt: skip


def _wrong(text: str) -> Reason:
    return Reason(kind="clock", weight="warn", text=text)


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _span(time: timedelta) -> str:
    if time.days:
        return f"{time.days} day{'s' if time.days > 1 else ''}"
    minutes = time.seconds // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
