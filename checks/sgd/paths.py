"""The paths down Himmelblau's function: how they depend on where they start, and on how large the steps are.

A path is compared only as long as it is *firm*: copies of it that are kicked at every step (`valleys.py`) stay within
`CLOSE`. Roundings in float32, those of what a rule remembers too, do what 2^-6 of such kicks would do, so they move
a firm path `CLOSE` / 2^6 at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import uniform

if TYPE_CHECKING:
    from checks.common.record import Recorder
    from checks.sgd.rules import Rule

CLOSE = 2.0**-9
SEEN = (1, 2, 4, 8, 16, 32, 64)
"""The steps after which points are compared."""
_WIDTH = 8.0
"""Of the square that starts lie in."""
RATES = {"quick": 2, "full": 6}
_DRAWN = 5
"""Paths in a picture, along either side of the square that starts lie in."""
_UPHILL = 2.0**-16
"""What a step that is below rounding may go up, at heights of up to 2^10 in float32 points."""


def draw_starts(seed: int, count: int) -> NDArray[np.float64]:
    """Return `count` (a square number) starts (n, 2), one in the middle half of each cell of a square around 0."""
    side = round(count**0.5)
    cell = _WIDTH / side
    middles = (np.arange(side) + 0.5) * cell - _WIDTH / 2
    grid = np.stack(np.meshgrid(middles, middles, indexing="xy"), axis=-1).reshape(-1, 2)
    return grid + uniform(seed, "points", (count, 2), cell / 4)


def ladder(rule: Rule, profile: str) -> tuple[float, ...]:
    """Return the rates: the gentle and the wild one, and for the full profile those twice as large, one after another.

    The ladder reaches past the wild rate, where most starts are lost.
    """
    gentle, wild = rule.valley_rates
    if profile == "quick":
        return rule.valley_rates
    top = round(float(np.log2(wild / gentle))) + 1
    places = np.unique(np.rint(np.linspace(0, top, RATES[profile])).astype(int))
    return tuple(sorted({wild, *(gentle * 2.0 ** int(place) for place in places)}))


def record_path(rule: Rule, rate: float, path: NDArray[Any], firm: NDArray[np.bool_], record: Recorder) -> None:
    """Record the points of `path` (steps + 1, n, 2) that are `firm` (steps + 1, n); 0 stands for the others."""
    for step in SEEN:
        points = np.where(firm[step, :, None], path[step], 0)
        record.tensor("path", f"points of {rule.name} at rate {rate:g}", points, step)
    name = f"paths of {rule.name} at rate {rate:g}"
    record.picture(name, path[:, spread(path.shape[1])], "step, start, x and y on Himmelblau's function")


def spread(count: int) -> NDArray[np.int64]:
    """Return which of `count` starts, a square number, are drawn: as many from each part of the square."""
    side = round(count**0.5)
    places = np.rint(np.linspace(0, side - 1, min(side, _DRAWN))).astype(np.int64)
    return np.ravel(places[:, None] * side + places)


def check_downhill(path: NDArray[Any], record: Recorder) -> None:
    """Gradient descent below 2 / λ, λ the largest curvature on its way, never goes up."""
    heights = height(path.astype(np.float64))
    rise = np.diff(heights, axis=0) / np.maximum(1, heights[:-1])
    detail = f"rises by {max(0.0, float(rise.max())):.2g} of its height at most, allowed {_UPHILL:.2g}"
    record.invariant("sgd at a gentle rate goes down at every step", bool((rise <= _UPHILL).all()), detail)


def height(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Himmelblau's function of points (…, 2)."""
    x, y = points[..., 0], points[..., 1]
    return np.asarray((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2)
