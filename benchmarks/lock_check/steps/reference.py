"""The same in float64 NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


def numpy_product(matrix: Any) -> Any:
    return product(matrix)


def product(matrix: Any) -> Any:
    return matrix.astype(np.float64) @ matrix.T.astype(np.float64)


def total(vector: Any) -> Any:
    return np.sum(vector.astype(np.float64))


def rows(table: Any) -> Any:
    return np.sum(table.astype(np.float64), axis=1)


def function(table: Any) -> Any:
    powers = np.exp(table.astype(np.float64))
    return powers / powers.sum(axis=1, keepdims=True)


def losses(matrix: Any, targets: Any, steps: int, rate: float) -> Iterator[Any]:
    x, y, weight = matrix.astype(np.float64), targets.astype(np.float64), np.zeros(len(targets))
    for _ in range(steps):
        error = x @ weight - y
        yield np.mean(error**2)
        weight -= rate * 2 / len(y) * (x.T @ error)
