"""An attention over pieces of sentences in JAX, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax


def forward(weights: Any, codes: Any, places: Any) -> Any:
    x = weights["pieces"][codes]
    query = x @ weights["query"] + weights["query bias"]
    value = x @ weights["value"] + weights["value bias"]
    scores = query @ (x @ weights["key"]).swapaxes(1, 2) / x.shape[-1] ** 0.5
    x = x + jax.nn.softmax(jnp.where((codes != 0)[:, None], scores, -jnp.inf)) @ value
    return x[jnp.arange(len(codes)), places] @ weights["scores"] + weights["scores bias"]


def trainer(size: int, width: int) -> Callable[..., float]:
    keys = jax.random.split(jax.random.key(0), 5)
    shapes = {"pieces": (size, width), "scores": (width, size)}
    shapes |= dict.fromkeys(("query", "key", "value"), (width, width))
    weights = {
        name: 0.1 * jax.random.normal(key, shape) for key, (name, shape) in zip(keys, shapes.items(), strict=True)
    }
    weights |= {"query bias": jnp.zeros(width), "value bias": jnp.zeros(width), "scores bias": jnp.zeros(size)}
    optimizer = optax.adam(2.0**-6)
    memory = optimizer.init(weights)

    def loss(weights: Any, codes: Any, places: Any, truth: Any) -> Any:
        return optax.softmax_cross_entropy_with_integer_labels(forward(weights, codes, places), truth).mean()

    @jax.jit
    def train(weights: Any, memory: Any, *batch: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, *batch)
        updates, memory = optimizer.update(gradients, memory)
        return optax.apply_updates(weights, updates), memory, value

    def step(codes: Any, places: Any, truth: Any) -> float:
        nonlocal weights, memory
        weights, memory, value = train(weights, memory, codes, places, truth)
        return float(value)

    return step
