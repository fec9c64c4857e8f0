"""A small causal writer in JAX, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax


def forward(weights: Any, letters: Any, heads: int) -> Any:
    x = weights["letters"][letters] + weights["places"][: letters.shape[1]]
    q, k, v = (one.reshape(*x.shape[:2], heads, -1) for one in jnp.split(x @ weights["input"], 3, axis=2))
    seen = jax.nn.dot_product_attention(q, k, v, is_causal=True)
    return (x + seen.reshape(x.shape) @ weights["mixed"]) @ weights["output"] + weights["bias"]


def trainer(letters: int, places: int, width: int, heads: int) -> Callable[..., float]:
    shapes = {"letters": (letters, width), "places": (places, width), "input": (width, 3 * width)}
    shapes |= {"mixed": (width, width), "output": (width, letters)}
    keys = jax.random.split(jax.random.key(0), len(shapes))
    weights = {
        name: 0.1 * jax.random.normal(key, shape) for key, (name, shape) in zip(keys, shapes.items(), strict=True)
    }
    weights["bias"] = jnp.zeros(letters)
    optimizer = optax.sgd(0.25, momentum=0.875)
    memory = optimizer.init(weights)

    def loss(weights: Any, given: Any, asked: Any) -> Any:
        each = optax.softmax_cross_entropy_with_integer_labels(forward(weights, given, heads), asked)
        return each.mean(where=asked != 0)

    @jax.jit
    def train(weights: Any, memory: Any, *batch: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, *batch)
        updates, memory = optimizer.update(gradients, memory)
        return optax.apply_updates(weights, updates), memory, value

    def step(given: Any, asked: Any) -> float:
        nonlocal weights, memory
        room = ((0, 0), (0, places - given.shape[1]))  # one length, compiled once
        weights, memory, value = train(weights, memory, np.pad(given, room), np.pad(asked, room))
        return float(value)

    return step
