"""Integrated gradients of a small classifier in JAX, as a user would write them down."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def explainer(pixels: int, hidden: int, classes: int, points: int) -> Callable[..., Any]:
    one, other = jax.random.split(jax.random.key(0))
    weights = {
        "in": 0.1 * jax.random.normal(one, (pixels, hidden)),
        "in bias": jnp.zeros(hidden),
        "out": 0.1 * jax.random.normal(other, (hidden, classes)),
        "out bias": jnp.zeros(classes),
    }
    places = (jnp.arange(points) + 0.5) / points

    def score(weights: Any, picture: Any, asked: Any) -> Any:
        seen = jnp.tanh(picture @ weights["in"] + weights["in bias"])
        return (seen @ weights["out"] + weights["out bias"])[asked]

    @jax.jit
    @partial(jax.vmap, in_axes=(None, 0, 0, 0))
    def integrate(weights: Any, picture: Any, baseline: Any, asked: Any) -> Any:
        steps = baseline + places[:, None] * (picture - baseline)
        slopes = jax.vmap(jax.grad(score, argnums=1), in_axes=(None, 0, None))(weights, steps, asked)
        return (picture - baseline) * slopes.mean(axis=0)

    def explain(pictures: Any, baseline: Any, asked: Any) -> Any:
        return np.asarray(integrate(weights, pictures.astype(np.float32), baseline.astype(np.float32), asked))

    return explain
