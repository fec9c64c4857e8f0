"""A small network under Adam in JAX, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax


def loss(weights: Any, x: Any, y: Any) -> Any:
    hidden = jnp.tanh(x @ weights["in"] + weights["in bias"])
    return optax.sigmoid_binary_cross_entropy(hidden @ weights["out"] + weights["out bias"], y).mean()


def trainer(hidden: int) -> Callable[..., float]:
    keys = jax.random.split(jax.random.key(0))
    weights = {
        "in": jax.random.normal(keys[0], (2, hidden)),
        "in bias": jnp.zeros(hidden),
        "out": jax.random.normal(keys[1], (hidden, 1)),
        "out bias": jnp.zeros(1),
    }
    optimizer = optax.adam(2.0**-5)
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
