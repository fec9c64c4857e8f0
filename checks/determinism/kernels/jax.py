"""JAX's kernels, each as XLA compiles it for the shape at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from checks.determinism.kernels import Array, Kernels, draw_matrix

if TYPE_CHECKING:
    from checks.common.job import Job


def _kernel(function: Callable[[jax.Array], jax.Array]) -> Callable[[Job, Array], Array]:
    compiled = jax.jit(function)

    def run(job: Job, rows: Array) -> Array:  # noqa: ARG001 - JAX sees this job's device alone
        return np.array(compiled(jnp.asarray(rows)))

    return run


def _multiplied(job: Job, rows: Array) -> Array:
    return np.array(jnp.asarray(rows) @ jnp.asarray(draw_matrix(job.seed)))


def _attention(x: jax.Array) -> jax.Array:
    heads = x.reshape(-1, 16, 1, 32)
    return jax.nn.dot_product_attention(heads, heads, heads).reshape(-1, 512)


kernels: Kernels = {"matmul": _multiplied} | {
    name: _kernel(function)
    for name, function in {
        "row sum": lambda x: x.sum(1),
        "softmax": jax.nn.softmax,
        "layer_norm": lambda x: jax.nn.standardize(x, axis=1),
        "sigmoid": jax.nn.sigmoid,
        "tanh": jnp.tanh,
        "exp": jnp.exp,
        "gelu": jax.nn.gelu,
    }.items()
}
if hasattr(jax.nn, "dot_product_attention"):  # new in JAX 0.4.31
    kernels["attention"] = _kernel(_attention)
