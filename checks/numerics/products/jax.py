"""JAX's ways to multiply matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from checks.common.jax import RuntimeFault, x64
from checks.numerics.products import FLOAT8_SUMS, Product, Unavailable, unavailable_without_kernel

if TYPE_CHECKING:
    from checks.common.job import Job

Array = np.ndarray[Any, Any]
Way = Callable[[jax.Array, jax.Array], jax.Array]


def products(job: Job) -> list[Product]:  # noqa: ARG001 - JAX sees this job's device alone
    """Return products in every format, and those in float32 by every way that uses separate kernels."""
    ways: dict[str, Way] = {
        "matmul": jnp.matmul,
        "batched matmul": lambda a, b: jnp.matmul(jnp.stack([a, a]), jnp.stack([b, b]))[1],
        "linear": lambda a, b: a @ b + jnp.zeros(b.shape[1]),
        "convolution": _convolution,
    }
    plain = [Product(f"float32 {name}", _Run("float32", way)) for name, way in ways.items()]
    return [
        *plain,
        Product("float32 matmul, TF32 allowed", _Run("float32", _asked("tensorfloat32")), 11, holds=24),
        Product("float32 matmul, bfloat16 allowed", _Run("float32", _asked("bfloat16")), 8, holds=24),
        Product("float64 matmul", _Run("float64", jnp.matmul), 53, 1023, 53),
        Product("bfloat16 matmul", _Run("bfloat16", jnp.matmul), 8),
        Product("float16 matmul", _Run("float16", jnp.matmul), 11, 15),
        Product("float8_e4m3fn matmul", _Run("float8_e4m3fn", _wide), 4, 8, FLOAT8_SUMS, even=True),
        Product("float8_e5m2 matmul", _Run("float8_e5m2", _wide), 3, 15, FLOAT8_SUMS, even=True),
    ]


class _Run:
    """A product in one format, compiled once for every size."""

    def __init__(self, dtype: str, way: Way) -> None:
        self.dtype, self.way = dtype, jax.jit(way)

    def __call__(self, left: Array, right: Array) -> Array:
        with x64(self.dtype == "float64"):
            a, b = (jnp.asarray(array.astype(getattr(jnp, self.dtype))) for array in (left, right))
            try:
                with unavailable_without_kernel(half=a.itemsize < 4):
                    return np.asarray(self.way(a, b)).astype(np.float64)
            except RuntimeFault as error:
                if a.itemsize > 1:  # a product that every device has
                    raise
                raise Unavailable(str(error).partition("\n")[0]) from error


def _asked(precision: str) -> Way:
    return lambda a, b: jnp.matmul(a, b, precision=precision)


def _wide(a: jax.Array, b: jax.Array) -> jax.Array:
    """Return the product as float32: a float8 could not hold it."""
    return jax.lax.dot(a, b, preferred_element_type=jnp.float32)


def _convolution(a: jax.Array, b: jax.Array) -> jax.Array:
    """Return the product as a convolution of one pixel: channels are what is summed over."""
    return jax.lax.conv(a[:, :, None, None], b.T[:, :, None, None], (1, 1), "VALID")[:, :, 0, 0]
