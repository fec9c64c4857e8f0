"""Which links are slower than the others, with a stated chance of a false alarm.

The model is that of ``fleet/outliers.py``: as logarithms, rates of sound ways have tails that fall at least as fast as
exponential ones, so that a way is `k` quartile distances below the median with a chance of at most 2**-k / 2. A host or
rank is judged by the median of its ways: that it is below a limit takes half of them to be, so that the limit is far
nearer than that of a single way. This counts ways as independent, which those of one sound host are not quite: a host
or rank is therefore never called slow above `LARGEST_SHARE` of the usual rate. What is left is judged way by way.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from gpusetup.fleet.links.blame import Named, Unit, direction, pairs, sides, touches, units
from gpusetup.fleet.links.model import Kind
from gpusetup.fleet.links.ways import Way, Ways
from gpusetup.fleet.outliers import ALARM_RATE, FEWEST, Limits, limits, reach

LARGEST_SHARE = 0.8
"""Above this share of the usual rate nothing is called slow."""
LEAST_SHARE = 0.02
"""Where a way of this share would not stand out, nothing is said of single ways."""
FEWEST_PARTNERS = 4
_TESTS = 12
"""Kinds × measures × (hosts, ranks, ways): the rate of false alarms is shared among them."""
_RATE = ALARM_RATE / _TESTS


class Slow(NamedTuple):
    """Who is slow, and its share of the usual rate."""

    named: Named
    share: float


class Judged(NamedTuple):
    """Who is slow among the ways of one kind, and why nothing can be said, if so."""

    slow: tuple[Slow, ...]
    unsaid: str = ""


def slow(all_ways: Ways, kind: Kind, speed: Mapping[Way, float]) -> Judged:
    """Return who is slow by `speed`, of which more is better and all are above 0."""
    if len(speed) < FEWEST:
        return Judged((), f"{len(speed)} ways, at least {FEWEST} are needed")
    left, found = dict(speed), list[Slow]()
    for level in _levels(all_ways, kind):
        while (worst := _worst(level, left)) is not None:
            found.append(worst)
            left = {way: value for way, value in left.items() if not touches(way, worst.named.ranks)}
    limit, shares = _single(left)
    ways = [way for way, share in shares.items() if limit.low is not None and share < min(limit.low, LARGEST_SHARE)]
    for named in pairs(ways):
        found.append(Slow(named, min(shares[way] for way in named.ways)))
    return Judged(tuple(found), limit.unsaid)


def _levels(all_ways: Ways, kind: Kind) -> Iterator[Sequence[Unit]]:
    """Yield the levels at which ways of a kind have ends: within a host only the ranks."""
    yield from (level for level in units(all_ways.host) if kind == "between" or level[0].level == "rank")


def _worst(level: Sequence[Unit], left: Mapping[Way, float]) -> Slow | None:
    if len(left) < FEWEST:
        return None
    logs = {way: math.log(value) for way, value in left.items()}
    usual = median(logs.values())
    spread = limits(tuple(left.values()), _RATE, 0.0).spread_low
    found: list[tuple[float, Slow]] = []
    for unit, parts in zip(level, sides(level, left), strict=True):
        far = [_below(part, logs, usual, spread, len(level), len(left) // 2) for part in parts]
        if any(far):
            ways = tuple(way for part, share in zip(parts, far, strict=True) if share for way in part)
            named = Named(unit.level, tuple(sorted(unit.ranks)), direction(bool(far[0]), bool(far[1])), ways)
            share = min(share for share in far if share)
            found.append((share, Slow(named, share)))
    return min(found, key=lambda one: one[0])[1] if found else None


def _below(
    ways: Sequence[Way], logs: Mapping[Way, float], usual: float, spread: float, count: int, pairs: int
) -> float:
    """Return the share of the usual rate that the ways of one side have in the middle; 0 where it is not too low."""
    if len(ways) < FEWEST_PARTNERS:
        return 0.0
    lower = median(logs[way] for way in ways) - usual
    limit = min(-_reach(len(ways), count, pairs) * spread, math.log(LARGEST_SHARE))
    return math.exp(lower) if lower < limit else 0.0


def _reach(ways: int, count: int, pairs: int) -> float:
    """Return how many quartile distances the median of `ways` of one of `count` sound units may be below the usual.

    That half of them are below a limit has at most the chance C(ways, half) p**half, for a chance p of each.
    """
    half = (ways + 1) // 2
    chance = (_RATE / (2 * count * math.comb(ways, half))) ** (1 / half)
    return reach(pairs, chance * pairs)


def _single(left: Mapping[Way, float]) -> tuple[Limits, dict[Way, float]]:
    """Return the limits of single ways and each one's share, once what its two ends have in common is taken out."""
    logs = {way: math.log(value) for way, value in left.items()}
    usual = median(logs.values()) if logs else 0.0
    rest = {way: value - usual for way, value in logs.items()}
    ends: tuple[Callable[[Way], int], ...] = (lambda way: way.sender, lambda way: way.receiver)
    for end in ends:
        of: dict[int, list[float]] = defaultdict(list)
        for way, value in rest.items():
            of[end(way)].append(value)
        middle = {rank: median(some) if len(some) >= FEWEST_PARTNERS else 0.0 for rank, some in of.items()}
        rest = {way: value - middle[end(way)] for way, value in rest.items()}
    shares = {way: math.exp(value) for way, value in rest.items()}
    limit = limits(tuple(shares.values()), _RATE, LEAST_SHARE) if shares else limits((1.0,), _RATE)
    return limit, shares
