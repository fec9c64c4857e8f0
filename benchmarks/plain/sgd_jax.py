"""A softmax regression under Adam in JAX, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax


def loss(weight: Any, letters: Any, truth: Any) -> Any:
    return optax.softmax_cross_entropy_with_integer_labels(letters @ weight, truth).mean()


def trainer(features: int, languages: int) -> Callable[..., float]:
    weight = jnp.zeros((features, languages))
    optimizer = optax.adam(2.0**-5)
    memory = optimizer.init(weight)

    @jax.jit
    def train(weight: Any, memory: Any, *batch: Any) -> Any:
        value, gradient = jax.value_and_grad(loss)(weight, *batch)
        updates, memory = optimizer.update(gradient, memory)
        return optax.apply_updates(weight, updates), memory, value

    def step(letters: Any, truth: Any) -> float:
        nonlocal weight, memory
        weight, memory, value = train(weight, memory, letters, truth)
        return float(value)

    return step
