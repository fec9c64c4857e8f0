"""Logistic regression in JAX: optax's binary cross-entropy, `jax.hessian`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from checks.common.jax import array, dtype
from checks.descent.jax import Training, gradient_descent, logistic_loss
from checks.linear.jax import model

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights

Array = np.ndarray[Any, Any]


def training(weights: Weights, rate: float, job: Job) -> Training:
    """Return a row of scores under the binary cross-entropy and gradient descent."""
    return Training(model, logistic_loss, gradient_descent(rate), weights, job)


def newton(design: Array, truth: Array, steps: int, job: Job) -> Array:
    """Return the coefficients after each step of Newton's method from zero."""
    x, t = design.astype(dtype(job)), truth[:, 0].astype(dtype(job))
    w, path = jnp.zeros(x.shape[1], dtype(job)), []
    for _ in range(steps):
        w = newton_step(w, x, t)
        path.append(w)
    return array(jnp.stack(path))


@jax.jit
def newton_step(w: jax.Array, x: jax.Array, t: jax.Array) -> jax.Array:
    """Return the coefficients after one more step."""

    def loss(w: jax.Array) -> jax.Array:
        return logistic_loss(x @ w, t)

    return w - jnp.linalg.solve(jax.hessian(loss)(w), jax.grad(loss)(w))
