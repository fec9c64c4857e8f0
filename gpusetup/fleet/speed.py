"""Which devices are slower than their equals: the rates of the self-tests' runs, each in one environment."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from gpusetup.fleet.bits import computed
from gpusetup.fleet.host import Host, RunKey
from gpusetup.fleet.model import Figure, Outlier
from gpusetup.fleet.outliers import ALARM_RATE, Limits, limits

T = TypeVar("T")
MOST_VALUES = 400
"""Sound devices whose value is kept for a figure of the page."""


class _Key(NamedTuple):
    role: str
    run: RunKey
    """Without its seed: rounds and seeds are repetitions."""
    measure: str


Places = Mapping[tuple[str, str], float]
"""Host and device → the best rate of all rounds: load makes a run slower and never faster."""


def judge_speed(hosts: Iterable[Host], role: Callable[[str], str]) -> list[Figure]:
    """Return each rate with its outliers.

    Equals have the same role, by `role`, and the same environment, of which the model of GPU is a part.
    """
    found: dict[_Key, dict[tuple[str, str], float]] = defaultdict(dict)
    for host in hosts:
        own = role(host.name)
        for one in computed(host):
            for measure, value in one.rates:
                best = found[_Key(own, one.key._replace(seed=0), measure)]
                place = host.name, one.device
                best[place] = max(value, best.get(place, 0.0))
    several = {key: places for key, places in found.items() if len(places) > 1}
    rate = ALARM_RATE / max(1, 2 * len(several))
    return [_figure(key, places, limits(tuple(places.values()), rate)) for key, places in sorted(several.items())]


def _figure(key: _Key, places: Places, limit: Limits) -> Figure:
    slow = [one for one in places.items() if limit.low is not None and one[1] < limit.low]
    fast = [one for one in places.items() if limit.high is not None and one[1] > limit.high]
    return Figure(
        role=key.role,
        check=key.run.check,
        framework=key.run.framework,
        precision=key.run.precision,
        measure=key.measure,
        environment=key.run.environment,
        devices=len(places),
        hosts=len({host for host, _ in places}),
        median=limit.median,
        lowest=min(places.values()),
        highest=max(places.values()),
        limit_low=limit.low,
        limit_high=limit.high,
        unsaid=limit.unsaid,
        slow=tuple(_outliers(sorted(slow, key=lambda one: one[1]), limit.median, limit.spread_low)),
        fast=tuple(_outliers(sorted(fast, key=lambda one: -one[1]), limit.median, limit.spread_high)),
        values=tuple(_kept(places, {place for place, _ in (*slow, *fast)})),
    )


def _outliers(found: Sequence[tuple[tuple[str, str], float]], median: float, spread: float) -> Iterator[Outlier]:
    for (host, device), value in found:
        distance = abs(math.log(value) - math.log(median)) / spread  # the share itself may be too small for a number
        yield Outlier(host=host, device=device, value=value, share=value / median, distance=round(distance, 1))


def _kept(places: Places, outliers: set[tuple[str, str]]) -> Iterator[tuple[str, float]]:
    """Yield the outliers, and of the others as many as are kept, evenly by rank with both ends."""
    sound = sorted(((value, place) for place, value in places.items() if place not in outliers))
    for value, place in (*((places[place], place) for place in sorted(outliers)), *evenly(sound, MOST_VALUES)):
        yield f"{place[0]}: {place[1]}", value


def evenly(ordered: Sequence[T], most: int) -> list[T]:
    """Return at most `most` of the values, evenly by rank with both ends."""
    count = min(len(ordered), most)
    return [ordered[index * (len(ordered) - 1) // max(1, count - 1)] for index in range(count)]
