"""JAX's operations that XLA may perform with atomics on a GPU, or in varying order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
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


NAMES = (*_FORWARD, *(f"{name}, slope" for name in _BACKWARD))


@partial(jax.jit, static_argnums=0)
def run(names: tuple[str, ...], x: jax.Array, places: jax.Array, inputs: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """Return what the operations `names` give; of one that is asked for backwards the slope of Σ function(x)² / 2."""
    return {name: _operation(name, x, places, inputs) for name in names}


def _operation(name: str, x: jax.Array, places: jax.Array, inputs: dict[str, jax.Array]) -> jax.Array:
    if name in _FORWARD:
        return _FORWARD[name](x, places)
    function, _ = _BACKWARD[plain := name.removesuffix(", slope")]
    return jax.grad(lambda x: (function(x) ** 2).sum() / 2)(inputs[plain])


def draw(job: Job) -> tuple[jax.Array, jax.Array, dict[str, jax.Array]]:
    """Draw the inputs of all operations."""
    inputs = {name: _numbers(job, *shape) for name, (_, shape) in _BACKWARD.items()}
    return _numbers(job, _MANY), _places(job, _MANY), inputs


class _Shared:
    """Runs of all operations together, each run used once by every operation.

    Compiled together since each compilation costs a fifth of a second, and run together since a scatter that has to be
    deterministic is a loop of thousands of kernels on a GPU (jax-ml/jax#17844). Where XLA refuses one, each is compiled
    alone.
    """

    def __init__(self) -> None:
        self.found: list[dict[str, Array]] = []
        self.used: Counter[str] = Counter()
        self.alone = False

    def take(self, name: str, job: Job) -> Array:
        """Return what `name` gave in the first run that it has not been asked for; raises `Refused`."""
        if not self.alone:
            try:
                return self._next(name, job)
            except Refused:
                self.alone = True
        return _run((name,), job)[name]

    def _next(self, name: str, job: Job) -> Array:
        place = self.used[name]
        self.used[name] += 1
        if place == len(self.found):
            self.found.append(_run(NAMES, job))
        return self.found[place][name]


def _run(names: tuple[str, ...], job: Job) -> dict[str, Array]:
    try:
        return {name: np.array(result) for name, result in run(names, *draw(job)).items()}
    except RuntimeFault as error:
        if "determinis" not in str(error):
            raise
        raise Refused(str(error)) from error


def _one(name: str, shared: _Shared) -> Callable[[Job], Sequence[Array]]:
    return lambda job: [shared.take(name, job)]


def shared_operations() -> Operations:
    """Return the operations, with runs of their own."""
    shared = _Shared()
    return {name: _one(name, shared) for name in NAMES}


operations = shared_operations()
