"""JAX's functions, formats, copies and clocks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from checks.numerics.products.jax import products as products  # noqa: PLC0414 - part of a backend

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.numerics.specials import Numbers

Array = np.ndarray[Any, Any]
OWN: dict[str, Numbers] = {}
DENORMALS = "flushed"  # XLA's code runs with flush-to-zero on a CPU (tsl::port::ScopedFlushDenormal)


class Engine:
    """JAX on the device of the job, which is the only one it sees; every function is compiled."""

    def __init__(self, job: Job) -> None: ...

    def evaluate(self, name: str, *arrays: Array) -> Array:
        return np.array(_COMPILED[name](*arrays))

    def encode(self, values: Array, number_format: str) -> Array:
        return np.array(_encode(values, number_format))

    def decode(self, bits: Array, number_format: str) -> Array:
        return np.array(_decode(bits, number_format))

    def to_device(self, array: Array) -> jax.Array:
        return jnp.array(array)

    def copy(self, theirs: jax.Array) -> jax.Array:
        return theirs.copy()

    def views(self, theirs: jax.Array) -> dict[str, jax.Array]:
        return {"transposed": theirs.T, "every second column": theirs[:, ::2], "rows reversed": theirs[::-1]}

    def to_host(self, theirs: jax.Array) -> Array:
        return np.array(theirs)

    def product_timer(self, width: int, number_format: str) -> Callable[[], None] | None:
        if number_format == "float64":
            return None  # it takes the x64 mode, which is not what this run is in
        factor = jnp.ones((width, width), getattr(jnp, number_format))
        product = jax.jit(jnp.matmul)
        return lambda: product(factor, factor).block_until_ready()


@partial(jax.jit, static_argnums=1)
def _encode(values: jax.Array, number_format: str) -> jax.Array:
    there = values.astype(getattr(jnp, number_format))
    return jax.lax.bitcast_convert_type(there, jnp.uint16 if there.itemsize == 2 else jnp.uint8)


@partial(jax.jit, static_argnums=1)
def _decode(bits: jax.Array, number_format: str) -> jax.Array:
    return jax.lax.bitcast_convert_type(bits, getattr(jnp, number_format)).astype(jnp.float32)


def _slope(function: Callable[[jax.Array], jax.Array]) -> Callable[[jax.Array], jax.Array]:
    return jax.grad(lambda x: function(x).sum())


def _cross_entropy(x: jax.Array) -> jax.Array:
    return -jax.nn.log_softmax(x)[:, 0]


def _product_of_ones(x: jax.Array, dtype: Any) -> jax.Array:
    return (x.astype(dtype) @ x.astype(dtype).T).astype(jnp.float32)


FUNCTIONS: dict[str, Callable[..., jax.Array]] = {
    "softmax": jax.nn.softmax,
    "log softmax": jax.nn.log_softmax,
    "logsumexp": lambda x: jax.nn.logsumexp(x, axis=1),
    "slope of cross-entropy": _slope(_cross_entropy),
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "softplus": jax.nn.softplus,
    "slope of softplus": _slope(jax.nn.softplus),
    "expm1": jnp.expm1,
    "log1p": jnp.log1p,
    "norm": jnp.linalg.norm,
    "sum": lambda x: x.sum(axis=1),
    "mean": lambda x: x.mean(axis=1),
    "matmul": jnp.matmul,
    "running sum": lambda x: x.cumsum(axis=1),
    "long running sum": lambda x: x.cumsum(axis=1),
    "less itself": lambda x: x - x,
    "by itself": lambda x: x / x,
    "times zero": lambda x: x * 0,
    "is NaN": lambda x: jnp.isnan(x).astype(jnp.float32),
    "is finite": lambda x: jnp.isfinite(x).astype(jnp.float32),
    "there and back": lambda x, y: (x + y) - y,
    "variance": lambda x: x.var(axis=1),
    "add": jnp.add,
    "multiply": jnp.multiply,
    "divide": jnp.divide,
    "sqrt": jnp.sqrt,
    "log": jnp.log,
    "largest": lambda x: x.max(axis=1),
    "smallest": lambda x: x.min(axis=1),
    "maximum": jnp.maximum,
    "minimum": jnp.minimum,
    "relu": jax.nn.relu,
    "clip": lambda x: jnp.clip(x, 0, 1),
    "sort": jnp.sort,
    "argmax": lambda x: x.argmax(axis=1),
    "sum of bfloat16 ones": lambda x: x.astype(jnp.bfloat16).sum(axis=1).astype(jnp.float32),
    "sum of float16 ones": lambda x: x.astype(jnp.float16).sum(axis=1).astype(jnp.float32),
    "product of bfloat16 ones": lambda x: _product_of_ones(x, jnp.bfloat16),
    "product of float16 ones": lambda x: _product_of_ones(x, jnp.float16),
}
_COMPILED = {name: jax.jit(function) for name, function in FUNCTIONS.items()}
