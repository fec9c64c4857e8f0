"""Which figures get worse: of every GPU and host of a store, or of some of them beside their equals."""

from __future__ import annotations

import itertools
import math
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from gpusetup.fleet.history.chances import (
    FEWEST_DAYS,
    FEWEST_EQUALS,
    MOST_DAYS,
    alike,
    change,
    independent,
    median,
    often,
    rising,
    usual_share,
)
from gpusetup.fleet.history.memory import DAY, Memory, Span, iso
from gpusetup.fleet.history.model import Trend
from gpusetup.fleet.store.observed import GPU, HOST
from gpusetup.fleet.store.series import by_name

ALARM_RATE = 1e-3
"""The chance that anything sound in a history is said to get worse, over all its series together."""
LEAST_LOSS = 0.02
"""The smallest loss of speed that matters, as a share."""
_FEWEST_INTERVALS = 5
_MOST_EQUALS = 1000
"""Equals that a day's median is made of: more make it no better."""


class Found(NamedTuple):
    """The trends, the worst first, and how many series could be judged and could not."""

    trends: tuple[Trend, ...]
    judged: int
    unjudged: int


class Names(NamedTuple):
    """The subjects of a store by their numbers: what they are called, whose equals they are, where they are."""

    of: Mapping[int, str]
    group: Mapping[int, str]
    where: Mapping[int, str]


def names_of(memory: Memory) -> Names:
    """Return the subjects of a store."""
    of = {one.id: one.name for kind in (HOST, GPU) for one in memory.subjects(kind)}
    group = {number: f"host {some[-1].content['group']}" for number, some in memory.all_spans("verdict")}
    group |= {number: f"gpu {some[-1].content.get('model', '')}" for number, some in memory.all_spans("card")}
    places = ((number, some[-1].content) for number, some in memory.all_spans("place"))
    return Names(of, group, {number: f"{one['host']}: {one['place']}" for number, one in places})


def trends(memory: Memory, names: Names, only: Collection[int] | None = None) -> Found:
    """Return what gets worse; with `only`, of these subjects, held against all their equals."""
    damage: list[Trend] = []
    judged: list[Trend | None] = []
    unjudged = 0
    for told in (_counted(memory, names, only), _levels(memory, names, only)):
        for one in told:
            if isinstance(one, Trend) and one.kind == "damage":
                damage.append(one)
            elif one == "unjudged":
                unjudged += 1
            else:
                judged.append(one if isinstance(one, Trend) else None)
    limit = ALARM_RATE / max(1, len(judged))
    worse = sorted((one for one in judged if one is not None and one.chance <= limit), key=lambda one: one.chance)
    return Found((*sorted(damage, key=lambda one: one.last, reverse=True), *worse), len(judged), unjudged)


Told = Iterator[Trend | Literal["judged", "unjudged"]]


def _counted(memory: Memory, names: Names, only: Collection[int] | None) -> Told:
    """Yield the damage of each GPU, and its events if they may be too many."""
    grew: dict[tuple[str, str], dict[int, tuple[int, int, str, str]]] = defaultdict(dict)
    for number, spans in memory.all_spans("counters"):
        intervals = sum(one.times for one in spans) - 1
        for name in {name for one in spans for name in one.content}:
            series = by_name().get(name)
            if series is None:
                continue
            if series.kind == "damage":
                if only is None or number in only:
                    yield from _damage(names, number, name, spans)
            elif intervals >= _FEWEST_INTERVALS:
                rose = [now.first for was, now in itertools.pairwise(spans) if _grew(was, now, name)]
                last = iso(rose[-1]) if rose else ""
                grew[names.group.get(number, ""), name][number] = len(rose), intervals, iso(spans[0].first), last
    for (_, name), some in grew.items():
        share = usual_share([times / intervals for times, intervals, _, _ in some.values()])
        for number, (times, intervals, first, last) in some.items():
            if only is not None and number not in only:
                continue
            if len(some) < FEWEST_EQUALS:
                yield "unjudged"
                continue
            chance = often(times, intervals, share)
            if chance > ALARM_RATE:
                yield "judged"
                continue
            yield Trend(
                subject=names.of[number], where=names.where.get(number, ""), series=name, kind="event", first=first,
                last=last, chance=chance,
                text=f"{name} rose in {times} of {intervals} intervals; its equals' in at most {share / 2:.1%}",
            )  # fmt: skip


def _grew(before: Span, after: Span, name: str) -> bool:
    """Say whether a count rose; one that fell began anew with the driver, and rose if it is not 0."""
    was, now = before.content.get(name, 0), after.content.get(name, 0)
    return bool(now > was or 0 < now < was)


def _damage(names: Names, number: int, name: str, spans: Sequence[Span]) -> Iterator[Trend]:
    known = [(one.first, one.content[name]) for one in spans if name in one.content]
    steps = [(at, now) for (_, was), (at, now) in itertools.pairwise(known) if now > was]
    if steps:
        times = "" if len(steps) == 1 else f", in {len(steps)} steps"
        yield Trend(
            subject=names.of[number], where=names.where.get(number, ""), series=name, kind="damage",
            text=f"{name} {known[0][1]} → {known[-1][1]}{times}", first=iso(steps[0][0]), last=iso(steps[-1][0]),
        )  # fmt: skip


def _levels(memory: Memory, names: Names, only: Collection[int] | None) -> Told:
    """Yield what each level's days say, beside the median of its equals on the same day."""
    since = memory.collections()[2] - MOST_DAYS * DAY
    equals = _medians(memory, names, since)
    likes = _likes(memory, names, since, equals)
    for number, series, days in memory.days(since, only):
        key = names.group.get(number, ""), _bare(series)
        common, figures = _beside(series, days, equals.get(key, {}))
        free = independent(len(common), likes.get(key, 0.0))
        if free < FEWEST_DAYS:
            yield "unjudged"
            continue
        row = by_name().get(series)
        far = change(figures)
        chance = rising(figures, free) if far >= (row.least if row is not None else LEAST_LOSS) else 1.0
        if chance > ALARM_RATE:
            yield "judged"
            continue
        words = (f"{series} {far:.0f} °C higher than its equals', against before" if row is not None
                 else f"{series}: {-math.expm1(-far):.1%} slower beside its equals than before")  # fmt: skip
        yield Trend(
            subject=names.of[number], where=names.where.get(number, ""), series=series, kind="level",
            text=f"{words} (on {len(common)} days)", first=iso(common[0] * DAY), last=iso(common[-1] * DAY),
            chance=chance,
        )  # fmt: skip


def _beside(
    series: str, days: Mapping[int, float], reference: Mapping[int, float]
) -> tuple[Sequence[int], Sequence[float]]:
    """Return the days that have a median of the equals, and how much worse than that the figures are."""
    common = sorted(day for day in days if day in reference)
    worse = _warmer if series in by_name() else _slower
    return common, [worse(days[day], reference[day]) for day in common]


def _likes(
    memory: Memory, names: Names, since: int, equals: Mapping[tuple[str, str], Mapping[int, float]]
) -> Mapping[tuple[str, str], float]:
    """Return of each group and series the correlation from one day to the next: the median of its equals' own."""
    found: dict[tuple[str, str], array[float]] = defaultdict(lambda: array("d"))
    for number, series, days in memory.days(since, _some(names.group)):
        key = names.group.get(number, ""), _bare(series)
        common, figures = _beside(series, days, equals.get(key, {}))
        if len(common) >= FEWEST_DAYS:
            found[key].append(alike(figures))
    return {key: median(some) for key, some in found.items()}


def _warmer(value: float, usual: float) -> float:
    return value - usual


def _slower(value: float, usual: float) -> float:
    return math.log(usual) - math.log(value) if value > 0 and usual > 0 else 0.0


def _bare(series: str) -> str:
    """Return a series without the device, whose equals are all devices of all hosts."""
    return series if series in by_name() else series.partition(": ")[2]


def _medians(memory: Memory, names: Names, since: int) -> Mapping[tuple[str, str], Mapping[int, float]]:
    """Return of each group and series the median of each day that has enough figures."""
    found: dict[tuple[str, str, int], array[float]] = defaultdict(lambda: array("d"))
    for number, series, days in memory.days(since, _some(names.group)):
        key = names.group.get(number, ""), _bare(series)
        for day, value in days.items():
            found[*key, day].append(value)
    medians: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for (group, series, day), values in found.items():
        if len(values) >= FEWEST_EQUALS:
            medians[group, series][day] = median(values)
    return medians


def _some(group: Mapping[int, str]) -> set[int]:
    """Return at most so many subjects of each group, evenly by number."""
    members: dict[str, list[int]] = defaultdict(list)
    for number, name in group.items():
        members[name].append(number)
    return {one for some in members.values() for one in _evenly(sorted(some))}


def _evenly(some: Sequence[int]) -> Iterable[int]:
    count = min(len(some), _MOST_EQUALS)
    return (some[place * len(some) // count] for place in range(count))
