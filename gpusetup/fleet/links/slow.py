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
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from statistics import median
from typing import NamedTuple

from gpusetup.fleet.links.blame import Named, Unit, direction, inside, pairs, sides, touches, units
from gpusetup.fleet.links.model import Kind
from gpusetup.fleet.links.ways import Way, Ways
from gpusetup.fleet.outliers import ALARM_RATE, FEWEST, FINEST, Limits, limits, quantile, reach

LARGEST_SHARE, LATE_SHARE = 0.8, 1 / 3
"""Above this share of the usual rate nothing is called slow; of latencies, nothing below three times the usual one."""
LEAST_SHARE = 0.02
"""Where a way of this share would not stand out, nothing is said of single ways."""
FEWEST_PARTNERS, TAKEN_OUT = 3, 5
"""Partners from which on a host or rank is judged; what its ways share is taken out only where enough is then left."""
OWN_REACH = 6
GAP = 0.5
_FARTHEST = 600.0
"""Distances, as logarithms, of which `math.exp` makes a number above 0: a record may have any rates."""
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


def slow(all_ways: Ways, kind: Kind, speed: Mapping[Way, float], largest: float = LARGEST_SHARE) -> Judged:
    """Return who is slow by `speed`, of which more is better: at most `largest` of the usual. All are above 0."""
    if len(speed) < FEWEST:
        return Judged((), f"{len(speed)} ways, at least {FEWEST} are needed")
    left, found = dict(speed), list[Slow]()
    for level in units(all_ways.host):
        while (worst := _worst(level, _parts(kind, level), left, largest)) is not None:
            found.append(worst)
            left = {way: value for way, value in left.items() if not touches(way, worst.named.ranks)}
    limit, shares = _single(left)
    ways = {way for way, share in shares.items() if limit.low is not None and share < min(limit.low, largest)}
    if largest == LARGEST_SHARE:  # a latency is one figure for both directions
        ways |= _both(shares, limit.spread_low)
    for named in pairs(way for way in shares if way in ways):
        found.append(Slow(named, min(shares[way] for way in named.ways)))
    return Judged(tuple(found), limit.unsaid.replace("devices", "ways"))


def _both(shares: Mapping[Way, float], spread: float) -> set[Way]:
    """Return the ways of pairs that are slow in both directions, each measured at its own time: p**2 by chance."""
    found: dict[tuple[int, int], list[Way]] = defaultdict(list)
    for way in shares:
        found[min(way[:2]), max(way[:2])].append(way)
    count = len(found)
    limit = math.exp(-reach(count, math.sqrt(_RATE * count)) * spread) if count >= FEWEST else 0.0
    low = min(limit, LARGEST_SHARE) if limit >= LEAST_SHARE else 0.0
    return {way for some in found.values() if len(some) > 1 and max(shares[one] for one in some) < low for way in some}


def _parts(kind: Kind, level: Sequence[Unit]) -> Callable[[Iterable[Way]], list[tuple[list[Way], list[Way]]]]:
    """Return what gives the ways of each unit: of a host, where ways within hosts are judged, those inside."""
    if kind == "within" and level[0].level == "host":
        return lambda ways: [(some, []) for some in inside(level, ways)]
    return lambda ways: sides(level, ways)


def _worst(
    level: Sequence[Unit],
    parts_of: Callable[[Iterable[Way]], list[tuple[list[Way], list[Way]]]],
    left: Mapping[Way, float],
    largest: float,
) -> Slow | None:
    """Return the slowest unit of a level, if one is too slow."""
    if len(left) < FEWEST:
        return None
    logs = {way: math.log(value) for way, value in left.items()}
    ordered = sorted(logs.values())
    usual = median(ordered)
    spread = limits(tuple(left.values()), _RATE, 0.0).spread_low
    parts = parts_of(left)
    sides_of = [_middles([part[side] for part in parts], logs, usual) for side in (0, 1)]
    limit = [_own_limit(some, largest) for some in sides_of]
    found: list[Slow] = []
    for number, unit in enumerate(level):
        far = [some[number] for some in sides_of]
        low = [
            value is not None and value < min(limit[side], -_reach(len(parts[number][side]), len(level), left) * spread)
            for side, value in enumerate(far)
        ]
        if not any(low):
            low = _apart(parts[number], logs, ordered, len(level))
        if any(low):
            ways = tuple(way for side in (0, 1) if low[side] for way in parts[number][side])
            way = direction(low[0], low[1] or not parts[number][1])
            least = min(value for side, value in enumerate(far) if low[side] and value is not None)
            found.append(Slow(Named(unit.level, tuple(sorted(unit.ranks)), way, ways), math.exp(least)))
    return min(found, key=lambda one: one.share, default=None)


def _apart(
    parts: tuple[list[Way], list[Way]], logs: Mapping[Way, float], ordered: Sequence[float], count: int
) -> list[bool]:
    """Return which sides of a unit are slower than all other ways, by at least `GAP`, and not by chance.

    No shape is taken for granted here, so it holds where rates scatter by any factor: that just these are the slowest
    of all has a chance of 1 in C(all, these) for each of `count` units; the gap, besides, is what chance seldom leaves.
    """
    for chosen in ([True, False], [False, True], [True, True]):
        own = [logs[way] for side in (0, 1) if chosen[side] for way in parts[side]]
        many = len(own)
        if many < FEWEST_PARTNERS or many == len(ordered) or count > _RATE * math.comb(len(ordered), many):
            continue
        if max(own) <= ordered[many - 1] and ordered[many - 1] < ordered[many] + math.log(GAP):
            return chosen
    return [False, False]


def _middles(parts: Sequence[Sequence[Way]], logs: Mapping[Way, float], usual: float) -> list[float | None]:
    """Return how far the ways of each unit are from the usual, in the middle; None where there are too few."""
    return [median(logs[way] for way in part) - usual if len(part) >= FEWEST_PARTNERS else None for part in parts]


def _own_limit(middles: Iterable[float | None], largest: float) -> float:
    """Return the limit by which units differ among themselves: sound hosts are not all alike."""
    known = sorted(value for value in middles if value is not None)
    if not known:
        return -math.inf
    middle = quantile(known, 0.5)
    spread = max(middle - quantile(known, 0.25), FINEST)
    return min(middle - OWN_REACH * (1 + FEWEST / len(known)) * spread, math.log(largest))


def _reach(ways: int, count: int, left: Sized) -> float:
    """Return how many quartile distances the median of `ways` of one of `count` sound units may be below the usual.

    That half of them are below a limit has at most the chance C(ways, half) p**half, for a chance p of each.
    """
    half, pairs = (ways + 1) // 2, len(left) // 2
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
        middle = {rank: median(some) if len(some) >= TAKEN_OUT else 0.0 for rank, some in of.items()}
        rest = {way: value - middle[end(way)] for way, value in rest.items()}
    shares = {way: math.exp(max(-_FARTHEST, min(value, _FARTHEST))) for way, value in rest.items()}
    limit = limits(tuple(shares.values()), _RATE, LEAST_SHARE) if shares else limits((1.0,), _RATE)
    return limit, shares
