"""Whether figures get worse: two tests that need no shape of the noise, and the chance that a sound subject shows it.

- **Levels** (temperature, speed), one figure a day, each as its distance from the median of its equals on that day, so
  that load, weather and a new driver on all of them cancel out. Kendall's count of pairs that got worse, with its exact
  distribution: it holds if a sound subject's days could have come in any order. Where each day resembles the one before
  they count as fewer: `independent` says as how many, by the correlation that half of the equals have at most, which
  one that gets worse cannot change (docs/evidence/fleet.md has how far that holds). Equal figures count as a pair that
  got better, so that rounding raises no alarm.
- **Events** (replays, corrected errors): in how many of the intervals between two collections the count rose. A sound
  card's chance of that is taken to be at most twice that of the card which has more than nine tenths of its equals.

What gets worse must also be worth it: `least` is the smallest change that matters.
"""

from __future__ import annotations

import bisect
import math
import operator
from collections.abc import Sequence
from functools import cache

FEWEST_DAYS = 10
MOST_DAYS = 90
"""Days that are looked at, the last ones."""
FEWEST_EQUALS = 8
_UNLIKE = 0.05
"""A correlation of days that is as good as none."""
_NEARLY_ALL = 0.9
_FACTOR = 2.0
_LEAST_SHARE = 1e-3
"""What a sound card's chance of an event is taken to be at least: two in as many years happen."""


def rising(figures: Sequence[float], days: int | None = None) -> float:
    """Return the chance that figures in any order have at least as many rising pairs: 1 for too few.

    With `days`, the chance that so many, which are fewer, have as large a share of them.
    """
    count = len(figures)
    if count < 2:
        return 1.0
    before: list[float] = []
    pairs = 0
    for one in figures:
        pairs += bisect.bisect_left(before, one)
        bisect.insort(before, one)
    whole = count * (count - 1) // 2
    if days is None or days >= count:
        return _tail(count)[whole - pairs]
    return _tail(days)[math.ceil((whole - pairs) / whole * (days * (days - 1) // 2))] if days > 1 else 1.0


def alike(figures: Sequence[float]) -> float:
    """Return the correlation of each figure with the next one, with what few figures are short of it on average.

    The usual estimate is too low by about (1 + 4 r) / n (Marriott and Pope 1954).
    """
    count = len(figures)
    mean = math.fsum(figures) / count
    far = [one - mean for one in figures]
    size = math.fsum(one * one for one in far)
    found = math.fsum(map(operator.mul, far, far[1:])) / size if 0 < size < math.inf else 0.0
    return (count * found + 1) / (count - 4)


def independent(days: int, like: float) -> int:
    """Return as how many days in any order so many count whose neighbours have the correlation `like`.

    So many say as much about a mean, and about Kendall's count, where the correlation falls day by day as its powers.
    """
    return days if like < _UNLIKE else math.floor(days * (1 - like) / (1 + like)) if like < 1 else 0


@cache
def _tail(count: int) -> tuple[float, ...]:
    """Return for each number of falling pairs the chance of at most so many, among all orders (Kendall 1938).

    The number of orders with k falling pairs is built up figure by figure: the new one adds 0 to n - 1 of them.
    """
    chances = [1.0]
    for size in range(2, count + 1):
        sums = [0.0]
        for one in chances:
            sums.append(sums[-1] + one)
        last = len(chances)
        chances = [
            (sums[min(place, last - 1) + 1] - sums[max(0, place - size + 1)]) / size for place in range(last + size - 1)
        ]
    total, tail = 0.0, []
    for one in chances:
        total += one
        tail.append(min(1.0, total))
    return tuple(tail)


def change(figures: Sequence[float]) -> float:
    """Return how far the last third is from the first, by their medians."""
    third = max(1, len(figures) // 3)
    return median(figures[-third:]) - median(figures[:third])


def median(figures: Sequence[float]) -> float:
    """Return the median."""
    ordered = sorted(figures)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def usual_share(shares: Sequence[float]) -> float:
    """Return the chance of an event in an interval that a sound card may have, from those of all its equals."""
    ordered = sorted(shares)
    high = ordered[min(len(ordered) - 1, math.ceil(_NEARLY_ALL * len(ordered)) - 1)] if ordered else 1.0
    return min(1.0, max(_FACTOR * high, _FACTOR * sum(ordered) / max(1, len(ordered)), _LEAST_SHARE))


def often(times: int, intervals: int, share: float) -> float:
    """Return the chance of at least so many events in so many intervals."""
    if times <= 0 or share >= 1:
        return 1.0
    if times > intervals:
        return 0.0
    found = 0.0
    for count in range(times, intervals + 1):
        logs = (
            math.lgamma(intervals + 1) - math.lgamma(count + 1) - math.lgamma(intervals - count + 1)
            + count * math.log(share) + (intervals - count) * math.log1p(-share)
        )  # fmt: skip
        found += math.exp(logs)
    return min(1.0, found)
