"""The same in JAX."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def numpy_product(matrix: Any) -> Any:
    return matrix @ matrix.T


def product(matrix: Any) -> Any:
    return np.asarray(jax.jit(lambda x: x @ x.T)(matrix))


def total(vector: Any) -> Any:
    return np.asarray(jax.jit(jnp.sum)(vector))


def rows(table: Any) -> Any:
    return np.asarray(jax.jit(lambda x: jnp.sum(x, axis=1))(table))


def function(table: Any) -> Any:
    return np.asarray(jax.jit(jax.nn.softmax)(table))


def losses(matrix: Any, targets: Any, steps: int, rate: float) -> Iterator[Any]:
    both = jax.jit(jax.value_and_grad(lambda w: jnp.mean((matrix @ w - targets) ** 2)))
    weight = jnp.zeros(len(targets))
    for _ in range(steps):
        loss, slope = both(weight)
        yield np.asarray(loss)
        weight = weight - rate * slope
