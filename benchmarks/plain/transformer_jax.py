"""A causal language model of letters in JAX, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax


def linear(weights: dict[str, Any], name: str, x: Any) -> Any:
    return x @ weights[name] + weights[f"{name} bias"]


def norm(weights: dict[str, Any], name: str, x: Any) -> Any:
    return jax.nn.standardize(x, epsilon=1e-5) * weights[name] + weights[f"{name} bias"]


def forward(weights: dict[str, Any], letters: Any) -> Any:
    n, t = letters.shape
    x = weights["letters"][letters] + weights["places"][:t]
    for block in "01":
        qkv = linear(weights, f"qkv {block}", norm(weights, f"norm 1 {block}", x))
        q, k, v = (one.reshape(n, t, 2, 32) for one in jnp.split(qkv, 3, axis=-1))
        seen = jax.nn.dot_product_attention(q, k, v, is_causal=True)
        x = x + linear(weights, f"out {block}", seen.reshape(n, t, 64))
        up = linear(weights, f"up {block}", norm(weights, f"norm 2 {block}", x))
        x = x + linear(weights, f"down {block}", jax.nn.gelu(up, approximate=False))
    return linear(weights, "scores", norm(weights, "norm", x))


def start(letters: int, longest: int) -> dict[str, Any]:
    sizes = {"scores": (64, letters)}
    for block in "01":
        sizes |= {
            f"qkv {block}": (64, 192),
            f"out {block}": (64, 64),
            f"up {block}": (64, 128),
            f"down {block}": (128, 64),
        }
    tables = {"letters": (letters, 64), "places": (longest, 64)}
    keys = iter(jax.random.split(jax.random.key(0), len(sizes) + len(tables)))
    weights = {name: 0.1 * jax.random.normal(next(keys), shape) for name, shape in (sizes | tables).items()}
    weights |= {f"{name} bias": jnp.zeros(shape[1]) for name, shape in sizes.items()}
    for name in ("norm", "norm 1 0", "norm 2 0", "norm 1 1", "norm 2 1"):
        weights |= {name: jnp.ones(64), f"{name} bias": jnp.zeros(64)}
    return weights


def loss(weights: Any, lines: Any, targets: Any) -> Any:
    losses = optax.softmax_cross_entropy_with_integer_labels(forward(weights, lines), targets)
    return losses.mean(where=targets != 0)


def trainer(letters: int, longest: int) -> Callable[..., float]:
    weights = start(letters, longest)
    optimizer = optax.sgd(0.125, momentum=0.875)
    memory = optimizer.init(weights)

    @jax.jit
    def train(weights: Any, memory: Any, *batch: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, *batch)
        updates, memory = optimizer.update(gradients, memory)
        return optax.apply_updates(weights, updates), memory, value

    def step(lines: Any, targets: Any) -> float:
        nonlocal weights, memory
        more = ((0, 0), (0, -lines.shape[1] % (longest // 2)))  # two lengths, each compiled once
        weights, memory, value = train(weights, memory, np.pad(lines, more), np.pad(targets, more))
        return float(value)

    return step
