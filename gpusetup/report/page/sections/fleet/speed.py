"""Rates of devices as strips: each device a dot, in percent of its equals' median, with the limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.fleet.speed import evenly
from gpusetup.report.fleet_rows import counted
from gpusetup.report.page.model import Chart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gpusetup.fleet.model import Figure
    from gpusetup.report.page.model import Rows, State

MOST_STRIPS = 8
"""Rates with a chart; those with slow devices come first."""
MOST_DOTS, MOST_OUT = 160, 60
"""Sound devices that are drawn, and those that stand out."""
_GOLDEN = 0.6180339887
"""Multiples of it fill an interval evenly, so that dots of a strip do not hide each other."""


class Said(NamedTuple):
    """One rate in words; `chart` is the name of its figure, "" without one."""

    state: State
    name: str
    figure: Figure
    answer: str
    chart: str


def said_of(figures: Sequence[Figure]) -> list[Said]:
    """Return every rate with what can be said of it, those with slow devices first."""
    order = ("error", "unknown", "ok")
    ranked = sorted(figures, key=lambda one: order.index(_state(one)))
    return [
        Said(_state(one), _name(one), one, _answer(one), f"rate-{number}" if number <= MOST_STRIPS else "")
        for number, one in enumerate(ranked, 1)
    ]


def strips(rates: Iterable[Said]) -> Mapping[str, Chart]:
    """Return the charts of the rates that have one, by name."""
    return {one.chart: _chart(one) for one in rates if one.chart}


def _chart(rate: Said) -> Chart:
    one = rate.figure
    limits: Rows = [
        {"limit": round(100 * limit / one.median, 3)} for limit in (one.limit_low, one.limit_high) if limit is not None
    ]
    said = "Each dot is one device, in percent of the median"
    said += "; the lines are where a device stands out." if limits else "."
    if one.devices > MOST_DOTS:
        said += f" Of sound devices {MOST_DOTS} are drawn, evenly by rank."
    return Chart("fleet_speed", rate.name, said, {"devices": list(_dots(one)), "limits": limits}, table=False)


def _dots(one: Figure) -> Iterator[dict[str, str | float | None]]:
    slow = {f"{each.host}: {each.device}" for each in one.slow}
    fast = {f"{each.host}: {each.device}" for each in one.fast}
    out = [value for value in one.values if value[0] in slow | fast]
    sound = [value for value in one.values if value[0] not in slow | fast]
    for number, (place, value) in enumerate((*out[:MOST_OUT], *evenly(sound, MOST_DOTS))):
        yield {
            "share": round(100 * value / one.median, 3),
            "is": "slow" if place in slow else "fast" if place in fast else "sound",
            "device": place,
            "at": round(number * _GOLDEN % 1, 3),
        }


def _name(one: Figure) -> str:
    return f"{one.check} in {one.framework}, {one.precision}: {one.measure}" + (f" ({one.role})" if one.role else "")


def _state(one: Figure) -> State:
    return "error" if one.slow else "unknown" if one.unsaid else "ok"


def _answer(one: Figure) -> str:
    if one.unsaid:
        return f"nothing can be said: {one.unsaid}"
    below = f"of {counted(one.devices, 'device')} below {(one.limit_low or 0) / one.median:.1%} of the median"
    return f"{len(one.slow) or 'none'} {below}"
