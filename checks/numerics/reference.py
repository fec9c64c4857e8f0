"""What is right, in float64: the careful formulas, and sums that are exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.numerics.products import Product
from checks.numerics.products.judge import RECORDED

if TYPE_CHECKING:
    from checks.common.job import Job

Array = NDArray[Any]


def products(job: Job) -> list[Product]:  # noqa: ARG001 - every backend gets the job
    """Return the one product under every name that is recorded, of factors that the format holds."""
    digits = {"bfloat16 matmul": 8, "float16 matmul": 11}
    return [Product(name, np.matmul, digits.get(name, 24)) for name in RECORDED]


class Engine:
    """The functions; a reference has no device and no other formats."""

    def __init__(self, job: Job) -> None: ...

    def evaluate(self, name: str, *arrays: Array) -> Array:
        with np.errstate(all="ignore"):  # infinity is an answer here
            return np.asarray(FUNCTIONS[name](*(array.astype(np.float64) for array in arrays)))


def log_softmax(x: Array) -> Array:
    """Return ln softmax(x) by rows: less the largest first, so that nothing is lost beside a large one."""
    rest = x - x.max(axis=1, keepdims=True)
    value: Array = rest - np.log(np.exp(rest).sum(axis=1, keepdims=True))
    return value


def logsumexp(x: Array) -> Array:
    """Return ln Σ e^x by rows, with the largest taken out first."""
    largest = x.max(axis=1)
    value: Array = largest + np.log(np.exp(x - largest[:, None]).sum(axis=1))
    return value


def cross_entropy_slope(x: Array) -> Array:
    """Return the slope of Σ -ln softmax(x) at each row's first number."""
    slope = np.exp(log_softmax(x))
    slope[:, 0] -= 1
    return slope


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + e^-x), without e to a large power."""
    small = np.exp(-np.abs(x))
    value: Array = np.where(x < 0, small, 1.0) / (1 + small)
    return value


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "softmax": lambda x: np.exp(log_softmax(x)),
    "log softmax": log_softmax,
    "logsumexp": logsumexp,
    "slope of cross-entropy": cross_entropy_slope,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softplus": lambda x: np.logaddexp(x, 0),
    "slope of softplus": sigmoid,
    "expm1": np.expm1,
    "log1p": np.log1p,
    "norm": lambda x: np.sqrt((x**2).sum()),
    "sum": lambda x: x.sum(axis=1),
    "mean": lambda x: x.mean(axis=1),
    "matmul": np.matmul,
    "running sum": lambda x: x.cumsum(axis=1),
    "long running sum": lambda x: x.cumsum(axis=1),
    "variance": lambda x: x.var(axis=1),
    "sum of bfloat16 ones": lambda x: x.sum(axis=1),
    "sum of float16 ones": lambda x: x.sum(axis=1),
    "product of bfloat16 ones": lambda x: x @ x.T,
    "product of float16 ones": lambda x: x @ x.T,
}
