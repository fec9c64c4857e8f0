"""A graph network in JAX, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

SIZES = {"edge 0": 7, "node 0": 11, "whole 0": 16, "edge 1": 32, "node 1": 24, "whole 1": 24}


def forward(weights: Any, nodes: Any, edges: Any, senders: Any, receivers: Any, asked: Any) -> Any:
    def layer(name: str, *parts: Any) -> Any:
        kernel, bias = weights[name]
        return jnp.concatenate(parts, axis=1) @ kernel + bias

    def spread(count: int) -> Any:
        return jnp.broadcast_to(whole, (count, whole.shape[1]))

    whole = jnp.zeros((1, 0))
    for number in (0, 1):
        edges = jnp.tanh(layer(f"edge {number}", edges, nodes[senders], nodes[receivers], spread(len(edges))))
        sums = jax.ops.segment_sum(edges, receivers, len(nodes)) / 4
        nodes = jnp.tanh(layer(f"node {number}", nodes, sums, spread(len(nodes))))
        means = nodes.mean(0, keepdims=True), edges.mean(0, keepdims=True)
        whole = jnp.tanh(layer(f"whole {number}", whole, *means))
    return layer("scores", nodes, spread(len(nodes)))[asked]


def trainer() -> Callable[..., float]:
    keys = jax.random.split(jax.random.key(0), len(SIZES) + 1)
    weights = {
        name: (0.2 * jax.random.normal(key, (count, 8)), jnp.zeros(8))
        for key, (name, count) in zip(keys[1:], SIZES.items(), strict=True)
    } | {"scores": (0.2 * jax.random.normal(keys[0], (16, 2)), jnp.zeros(2))}
    optimizer = optax.adam(2.0**-6)
    memory = optimizer.init(weights)

    def loss(weights: Any, *batch: Any) -> Any:
        return optax.softmax_cross_entropy_with_integer_labels(forward(weights, *batch[:-1]), batch[-1]).mean()

    @jax.jit
    def train(weights: Any, memory: Any, *batch: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, *batch)
        updates, memory = optimizer.update(gradients, memory)
        return optax.apply_updates(weights, updates), memory, value

    def step(*batch: Any) -> float:
        nonlocal weights, memory
        given = [one.astype(np.int32) if one.dtype == np.int64 else one for one in batch]
        weights, memory, value = train(weights, memory, *given)
        return float(value)

    return step
