"""What the logistic rules see of a point: itself, or how near it is to the knots of a spline.

The splines are tensor products of hat functions (B-splines of degree 1, de Boor 1978) with knots every two units. Their
values are multiples of 2^-14, exact in float32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
KNOTS, APART = np.arange(-4.0, 4.1, 2.0), 2.0


def plain(points: Array) -> Array:
    """Return (n, 3): x, y and 1."""
    return np.hstack([points, np.ones((len(points), 1))])


def splines(points: Array) -> Array:
    """Return (n, 25): the hat of every knot in x times that of every knot in y; beyond the last knots all is level."""
    inside = np.clip(points, KNOTS[0], KNOTS[-1])
    hats = np.maximum(0, 1 - np.abs(inside[:, :, None] - KNOTS) / APART)
    return np.asarray((hats[:, 0, :, None] * hats[:, 1, None, :]).reshape(len(points), -1))


FEATURES = {"logistic": plain, "splines": splines}
