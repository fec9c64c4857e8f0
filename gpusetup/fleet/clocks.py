"""When hosts were read, by their own clocks: what cannot be true, and what is older than the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median_low
from typing import NamedTuple

from gpusetup.fleet.host import Host, moment
from gpusetup.fleet.model import Reason

AHEAD = timedelta(minutes=5)
"""A clock that is set by NTP is within a second; collecting through a slow file system is no reason for more."""
OLD = timedelta(days=1)
_MADE = datetime(2026, 1, 1, tzinfo=UTC)
"""No machine was read before gpusetup could."""


class _Read(NamedTuple):
    what: str
    time: datetime


def clock_reasons(hosts: Iterable[Host], now: datetime) -> Iterator[tuple[str, Reason]]:
    """Yield what is wrong with the times of a host's readings, with the host's name."""
    texts = {one.name: _texts(one) for one in hosts}
    times = {name: [_Read(what, time) for what, text in some if (time := moment(text))] for name, some in texts.items()}
    known = [some[0].time for some in times.values() if some]
    usual = median_low(known) if known else now
    for name, some in times.items():
        if len(some) < len(texts[name]):
            yield name, Reason(kind="clock", weight="unknown", text="the time at which it was read is not a valid time")
        if some and (text := _wrong(some, usual, now)):
            yield name, Reason(kind="clock", weight="warn", text=text)


def _texts(host: Host) -> list[tuple[str, str]]:
    """Return when the machine and the report were made; a proof may be older, and counts only where it is alone."""
    own = [("machine", host.read_at), ("report", host.report_at)]
    return [one for one in own if one[1]] or [("proof", host.proof_at)] * bool(host.proof_at)


def _wrong(some: list[_Read], usual: datetime, now: datetime) -> str:
    first, last = (choose(some, key=lambda one: one.time) for choose in (min, max))
    if last.time > now + AHEAD:
        return f"its clock is {_span(last.time - now)} ahead of this machine's"
    if first.time < _MADE:
        return f"its clock is not set: the {first.what} was made on {first.time:%Y-%m-%d} by its own clock"
    if usual - first.time > OLD:
        return (f"its {first.what} was made {_span(usual - first.time)} before most others: a new one is needed, or "
                "its clock is behind")  # fmt: skip
    return ""


def _span(time: timedelta) -> str:
    if time.days:
        return f"{time.days} day{'s' if time.days > 1 else ''}"
    minutes = time.seconds // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
