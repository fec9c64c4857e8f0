"""Logistic regression in float64 NumPy: σ = 1/(1+e⁻ˢ), g = Xᵀ(σ - t)/n, H = Xᵀ diag(σ(1-σ)) X/n."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from checks.descent.reference import Training, gradient_descent, logistic_loss
from checks.linear.reference import model

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Array, Weights


def training(weights: Weights, rate: float, job: Job) -> Training:  # noqa: ARG001 - every backend gets the job
    """Return a row of scores under the binary cross-entropy and gradient descent."""
    return Training(model, logistic_loss, gradient_descent(rate), weights)


def newton(design: Array, truth: Array, steps: int, job: Job) -> Array:  # noqa: ARG001
    """Return the coefficients after each step of Newton's method from zero."""
    x, t, w = design.astype(np.float64), truth[:, 0].astype(np.float64), np.zeros(design.shape[1])
    path = []
    for _ in range(steps):
        likely = 0.5 * (1 + np.tanh(0.5 * (x @ w)))
        hessian = x.T @ ((likely * (1 - likely))[:, None] * x) / len(x)
        w = w - np.linalg.solve(hessian, x.T @ (likely - t) / len(x))
        path.append(w)
    return np.array(path)
