"""Digits by a convolutional network in JAX, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax


def loss(weights: Any, statistics: Any, images: Any, digits: Any) -> Any:
    x, after = images, []
    for (kernel, scale, shift), (mean, variance) in zip(weights["blocks"], statistics, strict=True):
        x = lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        now = x.mean((0, 1, 2)), x.var((0, 1, 2))
        after.append((0.875 * mean + 0.125 * now[0], 0.875 * variance + 0.125 * now[1]))
        x = jax.nn.relu((x - now[0]) * lax.rsqrt(now[1] + 1e-3) * scale + shift)
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    scores = x.reshape(len(x), -1) @ weights["kernel"] + weights["bias"]
    return optax.softmax_cross_entropy_with_integer_labels(scores, digits).mean(), after


def trainer() -> Callable[..., float]:
    keys = jax.random.split(jax.random.key(0), 3)
    shapes = ((3, 3, 1, 8), (3, 3, 8, 16))
    weights: Any = {
        "blocks": [
            (0.2 * jax.random.normal(key, shape), jnp.ones(shape[-1]), jnp.zeros(shape[-1]))
            for key, shape in zip(keys[:2], shapes, strict=True)
        ],
        "kernel": 0.1 * jax.random.normal(keys[2], (64, 10)),
        "bias": jnp.zeros(10),
    }
    statistics: Any = [(jnp.zeros(8), jnp.ones(8)), (jnp.zeros(16), jnp.ones(16))]
    optimizer = optax.sgd(2.0**-5, momentum=0.875)
    memory = optimizer.init(weights)

    @jax.jit
    def train(weights: Any, memory: Any, statistics: Any, *batch: Any) -> Any:
        (value, statistics), gradients = jax.value_and_grad(loss, has_aux=True)(weights, statistics, *batch)
        updates, memory = optimizer.update(gradients, memory)
        return optax.apply_updates(weights, updates), memory, statistics, value

    def step(images: Any, digits: Any) -> float:
        nonlocal weights, memory, statistics
        weights, memory, statistics, value = train(weights, memory, statistics, images, digits)
        return float(value)

    return step
