"""The functions of `functions.py` that NumPy lacks, in plain NumPy: what a stand-alone script needs of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def erf(x: Any) -> Any:
    """Return the error function."""
    return np.vectorize(math.erf, otypes=[np.float64])(x)


def sigmoid(x: Any) -> Any:
    """Return 1 / (1 + e^-x)."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def softplus(x: Any) -> Any:
    """Return ln(1 + e^x)."""
    return np.logaddexp(0, x)


def largest(x: Any, axis: int, keepdims: bool = False) -> Any:
    """Return the largest along an axis."""
    return np.max(x, axis=axis, keepdims=keepdims)


def softmax(x: Any, axis: int = -1) -> Any:
    """Return e^x over their sum."""
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def logsumexp(x: Any, axis: int = -1, keepdims: bool = False) -> Any:
    """Return ln Σ e^x."""
    top = x.max(axis, keepdims=True)
    whole = np.log(np.exp(x - top).sum(axis, keepdims=True)) + top
    return whole if keepdims else whole.squeeze(axis)


def pad(x: Any, widths: Any, value: float = 0.0) -> Any:
    """Return x with a constant border."""
    return np.pad(x, widths, constant_values=value)


def take_rows(table: Any, index: Any) -> Any:
    """Return rows of a table."""
    return table[index]


def constant(x: Any) -> Any:
    """Return x, which is not differentiated."""
    return x


def approximate(x: Any, roundings: float) -> Any:  # noqa: ARG001 - a bound counts them
    """Return the numbers as they are."""
    return np.asarray(x, np.float64)


def uncertain(value: Any, roundings: Any) -> Any:  # noqa: ARG001 - a bound counts them
    """Return the numbers as they are."""
    return np.asarray(value, np.float64)


def transform(x: Any, matrix: Any, roundings: float) -> Any:  # noqa: ARG001 - a bound counts them
    """Return x·Mᵀ over the last axis."""
    return x @ matrix.T
