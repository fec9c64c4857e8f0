"""A classifier of pictures with dropout in JAX, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax


def loss(weights: Any, key: Any, pictures: Any, truth: Any) -> Any:
    hidden = jax.nn.relu(pictures @ weights["in"] + weights["in bias"])
    hidden = hidden * jax.random.bernoulli(key, 0.75, hidden.shape) / 0.75
    scores = hidden @ weights["out"] + weights["out bias"]
    return optax.softmax_cross_entropy_with_integer_labels(scores, truth).mean()


def trainer(pixels: int, hidden: int, classes: int) -> Callable[..., float]:
    key, one, two = jax.random.split(jax.random.key(0), 3)
    weights = {
        "in": 0.1 * jax.random.normal(one, (pixels, hidden)),
        "in bias": jnp.zeros(hidden),
        "out": 0.1 * jax.random.normal(two, (hidden, classes)),
        "out bias": jnp.zeros(classes),
    }
    optimizer = optax.sgd(0.125, momentum=0.875)
    memory = optimizer.init(weights)

    @jax.jit
    def train(weights: Any, memory: Any, key: Any, *batch: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, key, *batch)
        updates, memory = optimizer.update(gradients, memory)
        return optax.apply_updates(weights, updates), memory, value

    def step(pictures: Any, truth: Any) -> float:
        nonlocal weights, memory, key
        key, drawn = jax.random.split(key)
        weights, memory, value = train(weights, memory, drawn, pictures, truth)
        return float(value)

    return step
