"""The parts in JAX."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from checks.descent.jax import (
    Parameters,
    Training,
    adam,
    dense,
    gradient_descent,
    logistic_loss,
    momentum,
    squared_error,
)
from checks.mlp import OPTIMISERS as RATES

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights


def line(parameters: Parameters, x: jax.Array) -> jax.Array:
    """Return x W + b."""
    return dense(parameters, "output", x)


def network(parameters: Parameters, x: jax.Array) -> jax.Array:
    """Return tanh(x W + b) V + c."""
    return dense(parameters, "output", jnp.tanh(dense(parameters, "hidden", x)))


MODELS = {"line": line, "network": network}
LOSSES = {"cross-entropy": logistic_loss, "squared error": squared_error}
OPTIMISERS = {"gradient descent": gradient_descent, "momentum": momentum, "adam": adam}


def training(model: str, loss: str, optimiser: str, weights: Weights, job: Job) -> Training:
    """Return the frame with the three parts of these names."""
    return Training(MODELS[model], LOSSES[loss], OPTIMISERS[optimiser](RATES[optimiser]), weights, job)
