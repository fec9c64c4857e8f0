"""Linear maps of bounded arrays: matrices that are themselves only known within an error, and fast transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.bounded import Array, Bounded, as_bounded, unit


def uncertain(value: Any, roundings: Any) -> Bounded:
    """Return given numbers within so many roundings of 1, such as weights that are computed from coordinates."""
    return Bounded(value, np.asarray(roundings, np.float64) * unit())


def transform(x: Any, matrix: Array, roundings: float) -> Bounded:
    """Return x·Mᵀ over the last axis, as an algorithm computes it that mixes elements on the way.

    Each element may be off by `roundings`·u·‖M‖·‖x‖, in 2-norms: what such an algorithm guarantees (Higham 2002,
    theorem 24.2). Its gradient is the same with Mᵀ.
    """
    x = as_bounded(x)
    size = np.sqrt((x.value * x.value).sum(-1, keepdims=True)) * _norm(matrix)
    error = roundings * unit() * size + x.error @ np.abs(matrix).T
    return Bounded(x.value @ matrix.T, error, [(x, lambda g: transform(g, matrix.T, roundings))])


def _norm(matrix: Array) -> float:
    return float(np.linalg.norm(matrix, 2)) if matrix.size else 0.0
