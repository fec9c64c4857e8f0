"""JAX's operations that XLA may perform with atomics on a GPU, or in varying order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from checks.common.draw import integers, uniform
from checks.common.jax import RuntimeFault
from checks.determinism.operations import Operations, Refused

if TYPE_CHECKING:
    from checks.common.job import Job

Array = np.ndarray[Any, Any]
_MANY, _PLACES = 1 << 13, 64


def _numbers(job: Job, *shape: int) -> jax.Array:
    """Return drawn numbers in [-1, 1)."""
    return jnp.asarray(uniform(job.seed, f"numbers {shape}", shape).astype(np.float32))


def _places(job: Job, *shape: int) -> jax.Array:
    """Return drawn numbers from 0 to 63, many of them many times."""
    return jnp.asarray(integers(job.seed, f"places {shape}", shape, bits=6).astype(np.int32))


def _conv(x: jax.Array) -> jax.Array:
    return lax.conv_general_dilated(x, x[:, :, :3, :3], (1, 1), "VALID")


def _pool(x: jax.Array) -> jax.Array:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 3, 3), (1, 1, 1, 1), "VALID")


_FORWARD: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "at[].add": lambda x, places: jnp.zeros(_PLACES).at[places].add(x),
    "at[].multiply": lambda x, places: jnp.ones(_PLACES).at[places].multiply(1 + x / 8),
    "at[].set": lambda x, places: jnp.zeros(_PLACES).at[places].set(x),
    "segment_sum": lambda x, places: jax.ops.segment_sum(x, places, _PLACES),
    "bincount with weights": lambda x, places: jnp.bincount(places, weights=x, length=_PLACES),
    "histogram": lambda x, _: jnp.histogram(x)[0],
    "cumsum": lambda x, _: x.cumsum(),
    "sum": lambda x, _: x.sum(),
    "argsort with ties": lambda _, places: jnp.argsort(places),
    "top_k with ties": lambda _, places: lax.top_k(places, 100)[1],
}
_BACKWARD: dict[str, tuple[Callable[[jax.Array], jax.Array], tuple[int, ...]]] = {
    "take": (lambda x: x[jnp.arange(_MANY) % _PLACES], (_PLACES,)),
    "conv": (_conv, (8, 8, 16, 16)),
    "max pooling": (_pool, (2, 4, 16, 16)),
    "image.resize bilinear": (lambda x: jax.image.resize(x, (2, 21, 21, 4), "bilinear"), (2, 9, 9, 4)),
    "logsumexp": (lambda x: jax.nn.logsumexp(x, axis=1), (128, 64)),
    "standardize": (lambda x: jax.nn.standardize(x, axis=1), (128, 64)),
}


@jax.jit
def _forward(x: jax.Array, places: jax.Array) -> dict[str, jax.Array]:
    return {name: function(x, places) for name, function in _FORWARD.items()}


@jax.jit
def _backward(inputs: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """Return the slope of Σ function(x)² / 2 by x for each function."""
    return {
        f"{name}, slope": jax.grad(lambda x, function=function: (function(x) ** 2).sum() / 2)(inputs[name])
        for name, (function, _) in _BACKWARD.items()
    }


def _run(job: Job) -> dict[str, Array]:
    """Run all of them, compiled together since each compilation costs a fifth of a second."""
    inputs = {name: _numbers(job, *shape) for name, (_, shape) in _BACKWARD.items()}
    try:
        found = _forward(_numbers(job, _MANY), _places(job, _MANY)) | _backward(inputs)
    except RuntimeFault as error:
        if "determinis" not in str(error):
            raise
        raise Refused(str(error)) from error
    return {name: np.array(result) for name, result in found.items()}


def _one(name: str) -> Callable[[Job], Sequence[Array]]:
    return lambda job: [_run(job)[name]]


operations: Operations = {name: _one(name) for name in (*_FORWARD, *(f"{name}, slope" for name in _BACKWARD))}
