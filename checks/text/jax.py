"""The ladder in JAX: `jax.nn.one_hot`, `jnp.bincount` over rows by `vmap`, indexing, `jax.nn.softmax` with a mask."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from checks.common.jax import array, dtype
from checks.descent.jax import Parameters, Training, adam, cross_entropy, dense
from checks.text import FIRST, HIDDEN, PADDING, RATE, WIDTH

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights
    from checks.text import Integers

Array = np.ndarray[Any, Any]


def model(parameters: Parameters, codes: jax.Array, places: jax.Array) -> jax.Array:
    """Return the scores at the places that are asked for."""
    x = parameters["pieces.table"][codes]
    query, key, value = dense(parameters, "query", x), x @ parameters["key.kernel"], dense(parameters, "value", x)
    scores = jnp.einsum("nqd,nkd->nqk", query, key) * WIDTH**-0.5
    shares = jax.nn.softmax(jnp.where((codes != PADDING)[:, None], scores, -jnp.inf))
    return dense(parameters, "scores", (x + shares @ value)[jnp.arange(len(codes)), places])


def codes(texts: Sequence[str], pieces: Sequence[str], job: Job) -> Integers:  # noqa: ARG001 - on the host
    """Look each piece up, and pad."""
    number = {piece: place for place, piece in enumerate(pieces, start=FIRST)}
    rows = [[number.get(piece, HIDDEN) for piece in text.split()] for text in texts]
    longest = max(map(len, rows))
    return np.array([row + [PADDING] * (longest - len(row)) for row in rows])


def one_hot(codes: Integers, size: int, job: Job) -> Array:
    """Return one 1 in each row."""
    return array(jax.nn.one_hot(codes.astype(np.int32), size, dtype=dtype(job)))


def bag(codes: Integers, size: int, job: Job) -> Array:
    """Count row by row."""
    return array(count(codes.astype(np.int32), size).astype(dtype(job)))


def tf_idf(texts: Sequence[str], pieces: Sequence[str], job: Job) -> Array:
    """Weigh counts by how rare a piece is."""
    return array(weigh(bag(codes(texts, pieces, job), len(pieces) + FIRST, job)[:, FIRST:]))


@partial(jax.jit, static_argnums=1)
def count(codes: jax.Array, size: int) -> jax.Array:
    """Return how often each code comes, padding never."""
    return jax.vmap(lambda row: jnp.bincount(row, (row != PADDING).astype(jnp.int32), length=size))(codes)


@jax.jit
def weigh(counts: jax.Array) -> jax.Array:
    """Return TF-IDF."""
    return counts * jnp.log1p(len(counts) / (1 + (counts > 0).sum(axis=0)))


def training(weights: Weights, codes: Integers, job: Job) -> Training:  # noqa: ARG001 - every backend gets a sample
    """Return the model under cross-entropy and Adam."""
    return Training(model, cross_entropy, adam(RATE), weights, job)
