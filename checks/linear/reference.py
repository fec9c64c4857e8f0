"""The line in float64 NumPy: QR by reflections (LAPACK), Cholesky, and singular values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from checks.common.tape import Node
from checks.descent.reference import Training, dense, gradient_descent, squared_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from checks.common.job import Job
    from checks.descent import Weights
    from checks.descent.reference import Nodes

    Array = NDArray[np.float64]


def model(nodes: Nodes, x: Array) -> Node:
    """Return one number for each row."""
    return dense(nodes, "line", Node(x))


def training(weights: Weights, rate: float, job: Job) -> Training:  # noqa: ARG001 - every backend gets the job
    """Return a line under the mean of squared errors and gradient descent."""
    return Training(model, squared_error, gradient_descent(rate), weights)


def solve(design: Array, truth: Array, job: Job) -> dict[str, Array]:  # noqa: ARG001
    """Return the coefficients by QR, by Cholesky and by least squares."""
    q, r = np.linalg.qr(design)
    lower = np.linalg.cholesky(design.T @ design)
    return {
        "QR": np.linalg.solve(r, q.T @ truth),
        "Cholesky": np.linalg.solve(lower.T, np.linalg.solve(lower, design.T @ truth)),
        "least squares": np.linalg.lstsq(design, truth, rcond=None)[0],
    }
