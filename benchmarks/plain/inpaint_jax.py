"""Three partial convolutions in JAX, as a user would write them down."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax


def convolve(x: Any, weight: Any) -> Any:
    return jax.lax.conv_general_dilated(x, weight, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def forward(weights: Any, x: Any, known: Any) -> Any:
    for number, (kernel, bias) in enumerate(weights):
        count = convolve(known, jnp.ones((3, 3, 1, 1)))
        reached = (count > 0).astype(jnp.float32)
        inputs = jax.nn.relu(x) if number else x
        x = (convolve(inputs * known, kernel) * (9 / jnp.maximum(count, 1)) + bias) * reached
        known = reached
    return x


def loss(weights: Any, pictures: Any, known: Any, wall: Any) -> Any:
    hidden = jnp.broadcast_to(known == 0, wall.shape)
    return jnp.square(forward(weights, pictures, known) - wall).mean(where=hidden)


def trainer(*sizes: int) -> Callable[..., float]:
    keys = iter(jax.random.split(jax.random.key(0), len(sizes)))
    weights = [(0.1 * jax.random.normal(next(keys), (3, 3, *pair)), jnp.zeros(pair[1])) for pair in pairwise(sizes)]
    optimizer = optax.sgd(0.0625, momentum=0.875)
    memory = optimizer.init(weights)

    @jax.jit
    def train(weights: Any, memory: Any, *batch: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, *batch)
        updates, memory = optimizer.update(gradients, memory)
        return optax.apply_updates(weights, updates), memory, value

    def step(*batch: Any) -> float:
        nonlocal weights, memory
        weights, memory, value = train(weights, memory, *(one.astype(np.float32) for one in batch))
        return float(value)

    return step
