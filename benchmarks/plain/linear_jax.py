"""Linear regression by gradient descent in JAX, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax


def loss(weights: Any, x: Any, y: Any) -> Any:
    return optax.squared_error(x @ weights["kernel"] + weights["bias"], y).mean()


def trainer(features: int) -> Callable[..., float]:
    weights = {"kernel": jnp.zeros((features, 1)), "bias": jnp.zeros(1)}
    optimizer = optax.sgd(2.0**-4)
    memory = optimizer.init(weights)

    @jax.jit
    def train(weights: Any, memory: Any, *batch: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, *batch)
        updates, memory = optimizer.update(gradients, memory)
        return optax.apply_updates(weights, updates), memory, value

    def step(x: Any, y: Any) -> float:
        nonlocal weights, memory
        weights, memory, value = train(weights, memory, x, y)
        return float(value)

    return step
