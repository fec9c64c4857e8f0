"""The line in JAX, `jax.numpy.linalg` and `jax.scipy.linalg`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_factor, cho_solve, solve_triangular

from checks.common.jax import array, dtype
from checks.descent.jax import Parameters, Training, dense, gradient_descent, squared_error

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights

Array = np.ndarray[Any, Any]


def model(parameters: Parameters, x: jax.Array) -> jax.Array:
    """Return one number for each row."""
    return dense(parameters, "line", x)


def training(weights: Weights, rate: float, job: Job) -> Training:
    """Return a line under the mean of squared errors and gradient descent."""
    return Training(model, squared_error, gradient_descent(rate), weights, job)


def solve(design: Array, truth: Array, job: Job) -> dict[str, Array]:
    """Return the coefficients by QR, by Cholesky and by least squares."""
    found = directly(design.astype(dtype(job)), truth.astype(dtype(job)))
    return {name: array(one) for name, one in found.items()}


@jax.jit
def directly(x: jax.Array, y: jax.Array) -> dict[str, jax.Array]:
    """Return the coefficients by each solver."""
    q, r = jnp.linalg.qr(x)
    return {
        "QR": solve_triangular(r, q.T @ y),
        "Cholesky": cho_solve(cho_factor(x.T @ x), x.T @ y),
        "least squares": jnp.linalg.lstsq(x, y)[0],
    }
