"""When a figure is too far from those of its equals: robust, with a stated chance of a false alarm.

The model: figures of sound devices, as logarithms, have a tail on either side that falls at least as fast as an
exponential one (the survival function is log-concave: normal, uniform, logistic, gamma and Weibull distributions of a
shape from 1 on, and skewed ones among them). Beyond the quartile, at a distance `d` from the median, a
device is then at least `k` times as far with a chance of at most 2**-k / 2. No shape has to be guessed, and up to a
quarter of the devices may be outliers themselves on one side.

Both the median and the quartile are estimated. The distance `d` of `n` devices scatters about as a gamma variable of
the shape `0.24 n` (the variance of the median of n/2 exponential values is 2/n of its scale, its mean ln 2), so that
the chance becomes (1 + k ln 2 / shape)**-shape / 2; solved for `k`, with the allowed rate divided by the number of
devices, that is `reach`. Held against simulation in ``benchmarks/fleet.py``.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

ALARM_RATE = 1e-3
"""The chance that any device of a sound fleet is called an outlier, over all figures of the fleet together."""
FEWEST = 8
"""Devices below which quartiles say nothing."""
SMALLEST_EFFECT = 0.05
"""Nobody is called slow for less than this share: load, temperature and clocks explain as much."""
LARGEST_LIMIT = 0.5
"""Where even half the speed would not be beyond the limit, nothing is said."""
FINEST = 0.005
"""The least distance of a quartile that is believed, as a share: figures may be rounded, or all the same."""
_SHAPE = 0.24
_LN2 = math.log(2)


_LARGEST = 700.0
"""What `math.exp` still holds: a host may have written any figure, and must not end the judgement over others."""
_SEEN = 0.005
"""A share that is not printed as 0 %."""


class Limits(NamedTuple):
    """Where figures become outliers; both None where nothing can be said, for the reason `unsaid`."""

    median: float
    low: float | None
    high: float | None
    spread_low: float
    """The distance from the median to the quartile, as logarithms."""
    spread_high: float
    unsaid: str = ""


def reach(devices: int, rate: float) -> float:
    """Return how many quartile distances a sound device may be away, at this chance of a false alarm on one side."""
    shape = _SHAPE * devices
    return float(shape / _LN2 * ((2 * rate / devices) ** (-1 / shape) - 1))


def limits(figures: Sequence[float], rate: float, least: float = LARGEST_LIMIT) -> Limits:
    """Return the limits of `figures`, which are above 0; `rate` is the chance of a false alarm on one side.

    Where the lower limit is below `least` of the median, nothing is said.
    """
    logs = sorted(map(math.log, figures))
    count, median = len(logs), quantile(logs, 0.5)
    if count < FEWEST:
        return Limits(math.exp(median), None, None, 0.0, 0.0, f"{count} devices, at least {FEWEST} are needed")
    step = _step(logs)
    low, high = (max(median - quantile(logs, 0.25), step), max(quantile(logs, 0.75) - median, step))
    far = reach(count, rate)
    down, up = (max(far * spread, -math.log1p(-SMALLEST_EFFECT)) for spread in (low, high))
    if math.exp(-down) < least:
        who = f"only one below {math.exp(-down):.0%} of the median" if math.exp(-down) >= _SEEN else "none of so few"
        unsaid = f"{count} devices with a spread of {math.expm1(min(low, _LARGEST)):.1%}: {who} would stand out"
        return Limits(math.exp(median), None, None, low, high, unsaid)
    return Limits(math.exp(median), math.exp(median - down), math.exp(min(median + up, _LARGEST)), low, high)


def _step(logs: Sequence[float]) -> float:
    """Return the step in which figures are rounded, as far as the repeated ones show it; at least `FINEST`."""
    repeated = sorted(value for value, count in Counter(logs).items() if count > 1)
    gaps = [after - before for before, after in itertools.pairwise(repeated)]
    return max(min(gaps, default=0.0), FINEST)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of ordered values, interpolated between the two that are nearest."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
