"""A support vector machine fitted in NumPy by Newton's steps; what frameworks do is to evaluate it.

It minimises |f|²/2 + C Σ max(0, 1 - y f)², whose slope is linear on the points with y f < 1, its vectors: a step
solves for their weights, and ends when they stay the same (Chapelle 2007). The kernel is exp(-γ|x - y|²) + 1, whose 1
stands for a bias that is regularised too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
GAMMA, COST, MOST = 0.5, 1.0, 64
_GRID = 2.0**16


class Machine(NamedTuple):
    """Support vectors (s, 2) and their weights (s), signed by class.

    Σ w (exp(-γ|x - s|²) + 1) is above 0 where a point x is of class 1.
    """

    vectors: Array
    weights: Array


def fit(points: Array, labels: Array) -> Machine:
    """Return the machine, its weights on a grid of 2^-16; `ArithmeticError` when the support vectors never settle."""
    sign = 2 * labels - 1
    matrix = kernel(points, points) + 1
    held = np.ones(len(labels), dtype=bool)
    for _ in range(MOST):
        weights = np.zeros(len(labels))
        inside = matrix[np.ix_(held, held)] + np.eye(held.sum()) / (2 * COST)
        weights[held] = np.linalg.solve(inside, sign[held])
        before, held = held, sign * (matrix @ weights) < 1
        if np.array_equal(before, held):
            return Machine(points[held], np.rint(weights[held] * _GRID) / _GRID)
    raise ArithmeticError(f"the support vectors still change after {MOST} steps")


def kernel(points: Array, others: Array) -> Array:
    """Return exp(-γ|x - y|²) of every pair."""
    apart = ((points[:, None] - others) ** 2).sum(axis=-1)
    return np.asarray(np.exp(-GAMMA * apart))
