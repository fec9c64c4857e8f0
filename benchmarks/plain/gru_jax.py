"""Names by language in JAX, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax


def forward(weights: dict[str, Any], names: Any, lengths: Any) -> Any:
    inputs = weights["embedding"][names.T] @ weights["in"] + weights["in bias"]

    def cell(hidden: Any, at: Any) -> tuple[Any, None]:
        place, one = at
        recurrent = hidden @ weights["hidden"] + weights["hidden bias"]
        a_r, a_z, a_n = jnp.split(one, 3, axis=1)
        u_r, u_z, u_n = jnp.split(recurrent, 3, axis=1)
        update = jax.nn.sigmoid(a_z + u_z)
        candidate = jnp.tanh(a_n + jax.nn.sigmoid(a_r + u_r) * u_n)
        after = (1 - update) * candidate + update * hidden
        return jnp.where((place < lengths)[:, None], after, hidden), None

    last, _ = jax.lax.scan(cell, jnp.zeros((len(names), 64)), (jnp.arange(names.shape[1]), inputs))
    return last @ weights["out"] + weights["out bias"]


def trainer(letters: int, languages: int) -> Callable[..., float]:
    shapes = {
        "embedding": (letters, 16),
        "in": (16, 192),
        "in bias": (192,),
        "hidden": (64, 192),
        "hidden bias": (192,),
        "out": (64, languages),
        "out bias": (languages,),
    }
    keys = jax.random.split(jax.random.key(0), len(shapes))
    weights = {
        name: 0.1 * jax.random.normal(key, shape) for key, (name, shape) in zip(keys, shapes.items(), strict=True)
    }
    optimizer = optax.sgd(0.25, momentum=0.875)
    memory = optimizer.init(weights)

    def loss(weights: Any, names: Any, lengths: Any, truth: Any) -> Any:
        return optax.softmax_cross_entropy_with_integer_labels(forward(weights, names, lengths), truth).mean()

    @jax.jit
    def train(weights: Any, memory: Any, *batch: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, *batch)
        updates, memory = optimizer.update(gradients, memory)
        return optax.apply_updates(weights, updates), memory, value

    def step(names: Any, lengths: Any, truth: Any) -> float:
        nonlocal weights, memory
        padded = np.pad(names, ((0, 0), (0, 24 - names.shape[1])))  # one length, compiled once
        weights, memory, value = train(weights, memory, padded, lengths, truth)
        return float(value)

    return step
