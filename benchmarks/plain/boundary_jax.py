"""A small network on points of the plane in JAX, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax


def scores(weights: Any, points: Any) -> Any:
    hidden = points
    for weight, bias in weights[:-1]:
        hidden = jnp.tanh(hidden @ weight + bias)
    weight, bias = weights[-1]
    return (hidden @ weight + bias)[:, 0]


def loss(weights: Any, points: Any, labels: Any) -> Any:
    return optax.sigmoid_binary_cross_entropy(scores(weights, points), labels).mean()


def trainer(hidden: int) -> Callable[..., float]:
    keys = jax.random.split(jax.random.key(0), 3)
    sizes = [(2, hidden), (hidden, hidden), (hidden, 1)]
    weights = [
        (jax.random.normal(key, size) / size[0] ** 0.5, jnp.zeros(size[1]))
        for key, size in zip(keys, sizes, strict=True)
    ]
    optimizer = optax.adam(2.0**-5)
    memory = optimizer.init(weights)

    @jax.jit
    def train(weights: Any, memory: Any, points: Any, labels: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, points, labels)
        updates, memory = optimizer.update(gradients, memory)
        return optax.apply_updates(weights, updates), memory, value

    def step(points: Any, labels: Any) -> float:
        nonlocal weights, memory
        weights, memory, value = train(weights, memory, jnp.array(points, jnp.float32), jnp.array(labels, jnp.float32))
        return float(value)

    return step
