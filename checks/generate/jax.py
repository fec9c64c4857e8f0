"""The writer, the judge and the crowd in JAX: functions of weights, a cache of fixed size, `jax.lax.top_k`, compiled.

The cache has room for the longest reply, and what is not yet written is masked: its shape would else change with every
letter, and everything be compiled anew. What is to be computed in float64 runs under `jax.enable_x64`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from checks.common.jax import array, dtype, x64
from checks.generate import HEAD_RATE, HEADS, LEARNING_RATE, MOMENTUM, WIDTH
from checks.transformer.text import LONGEST

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.generate import Kind, Weights
    from checks.transformer.text import Batch, Integers

Array = np.ndarray[Any, Any]
Parameters = dict[str, jax.Array]
Cache = tuple[jax.Array, jax.Array]

_OPTIMISER = optax.sgd(LEARNING_RATE, momentum=MOMENTUM)
_HEAD_OPTIMISERS = {kind: optax.sgd(rate) for kind, rate in HEAD_RATE.items()}


class Writer:
    """The writer with its optimiser and cache, in the check's terms, whose layout it keeps."""

    def __init__(self, weights: Weights, job: Job, *, wide: bool) -> None:
        self.kind = np.float64 if wide else dtype(job)
        self.wide = self.kind == np.float64
        with x64(self.wide):
            self.parameters = {name: jnp.array(weight, self.kind) for name, weight in weights.items()}
            self.memory = _OPTIMISER.init(self.parameters)
        self.begin()

    def hidden(self, letters: Integers) -> Array:
        with x64(self.wide):
            return array(hidden(self.parameters, letters.astype(np.int32)))

    def scores(self, letters: Integers) -> Array:
        with x64(self.wide):
            return array(scores(self.parameters, letters.astype(np.int32)))

    def gradients(self, batch: Batch) -> tuple[float, dict[str, Array]]:
        with x64(self.wide):
            value, gradients = _backward(self.parameters, *_padded(batch))
            return float(value), {name: array(gradients[name]) for name in self.parameters}

    def step(self, batch: Batch) -> float:
        with x64(self.wide):
            self.parameters, self.memory, value = update(self.parameters, self.memory, *_padded(batch))
            return float(value)

    def weights(self) -> dict[str, Array]:
        return {name: array(weight) for name, weight in self.parameters.items()}

    def begin(self) -> None:
        self.cache: Cache | None = None
        self.seen = 0

    def next(self, letters: Integers) -> Array:
        with x64(self.wide):
            if self.cache is None:
                room = jnp.zeros((len(letters), HEADS, LONGEST, WIDTH // HEADS), self.kind)
                self.cache = room, room
            found, self.cache = decode(self.parameters, self.cache, letters.astype(np.int32), self.seen)
            self.seen += 1
            return array(found)

    def reorder(self, rows: Integers) -> None:
        assert self.cache is not None
        with x64(self.wide):
            self.cache = self.cache[0][rows], self.cache[1][rows]


def _padded(batch: Batch) -> tuple[Array, Array]:
    """Return letters and targets as int32, padded to the longest line, so that one program serves every batch."""
    more = LONGEST - batch.letters.shape[1]
    letters, targets = (np.pad(one, ((0, 0), (0, more))).astype(np.int32) for one in batch)
    return letters, targets


def attend(q: jax.Array, k: jax.Array, v: jax.Array, mask: jax.Array) -> jax.Array:
    """Return softmax(QKᵀ/√e)V for (n, h, t, e), as (n, t, h · e)."""
    weights = jnp.einsum("nhqe,nhke->nhqk", q, k) / jnp.sqrt(jnp.asarray(q.shape[-1], q.dtype))
    found = jnp.einsum("nhqk,nhke->nhqe", jax.nn.softmax(jnp.where(mask, weights, -jnp.inf)), v)
    return found.swapaxes(1, 2).reshape(len(q), q.shape[2], -1)


def _parts(parameters: Parameters, x: jax.Array) -> list[jax.Array]:
    cut = (x @ weight.T for weight in parameters["attention.input"])
    return [one.reshape(*x.shape[:2], HEADS, -1).swapaxes(1, 2) for one in cut]


@jax.jit
def hidden(parameters: Parameters, letters: jax.Array) -> jax.Array:
    """Return the hidden states (n, t, 32)."""
    count = letters.shape[1]
    x = parameters["letters"][letters] + parameters["places"][:count]
    q, k, v = _parts(parameters, x)
    found = attend(q, k, v, jnp.tril(jnp.ones((count, count), bool)))
    return x + found @ parameters["attention.output"].T


@jax.jit
def scores(parameters: Parameters, letters: jax.Array) -> jax.Array:
    """Return the scores per letter (n, t, letters)."""
    return hidden(parameters, letters) @ parameters["output.weight"].T + parameters["output.bias"]


@jax.jit
def decode(parameters: Parameters, cache: Cache, letters: jax.Array, place: jax.Array) -> tuple[jax.Array, Cache]:
    """Return the scores after one more letter (n,) of each reply, which stands at `place`."""
    x = (parameters["letters"][letters] + parameters["places"][place])[:, None]
    q, k, v = _parts(parameters, x)
    keys, values = (
        jax.lax.dynamic_update_slice_in_dim(whole, one, place, axis=2) for whole, one in zip(cache, (k, v), strict=True)
    )
    found = x + attend(q, keys, values, jnp.arange(LONGEST) <= place) @ parameters["attention.output"].T
    return found[:, 0] @ parameters["output.weight"].T + parameters["output.bias"], (keys, values)


def loss(parameters: Parameters, letters: jax.Array, targets: jax.Array) -> jax.Array:
    """Return the cross-entropy, mean over the letters that are asked for."""
    each = optax.softmax_cross_entropy_with_integer_labels(scores(parameters, letters), targets)
    asked = targets != 0
    return jnp.where(asked, each, 0).sum() / asked.sum()


_backward = jax.jit(jax.value_and_grad(loss))


@partial(jax.jit, donate_argnums=(0, 1))
def update(
    parameters: Parameters, memory: optax.OptState, letters: jax.Array, targets: jax.Array
) -> tuple[Parameters, optax.OptState, jax.Array]:
    """Make one step."""
    value, gradients = jax.value_and_grad(loss)(parameters, letters, targets)
    updates, memory = _OPTIMISER.update(gradients, memory)
    return optax.apply_updates(parameters, updates), memory, value


class Head:
    """A linear layer with logistic or squared loss."""

    def __init__(self, kind: Kind, job: Job) -> None:  # noqa: ARG002 - every backend gets the job
        self.kind = kind
        with x64(True):
            self.parameters = {"weight": jnp.zeros(WIDTH, np.float64), "bias": jnp.zeros((), np.float64)}
            self.memory = _HEAD_OPTIMISERS[kind].init(self.parameters)

    def step(self, features: Array, targets: Array) -> float:
        with x64(True):
            found = head_update(self.kind, self.parameters, self.memory, features, targets)
            self.parameters, self.memory, value = found
            return float(value)

    def scores(self, features: Array) -> Array:
        with x64(True):
            return array(head_scores(self.parameters, features))


@jax.jit
def head_scores(parameters: Parameters, features: jax.Array) -> jax.Array:
    """Return one number per row."""
    return features @ parameters["weight"] + parameters["bias"]


@partial(jax.jit, static_argnums=0)
def head_update(
    kind: Kind, parameters: Parameters, memory: optax.OptState, features: jax.Array, targets: jax.Array
) -> tuple[Parameters, optax.OptState, jax.Array]:
    """Make one step of gradient descent."""

    def lost(parameters: Parameters) -> jax.Array:
        found = head_scores(parameters, features)
        each = optax.sigmoid_binary_cross_entropy if kind == "judge" else optax.squared_error
        return each(found, targets).mean()

    value, gradients = jax.value_and_grad(lost)(parameters)
    updates, memory = _HEAD_OPTIMISERS[kind].update(gradients, memory)
    return optax.apply_updates(parameters, updates), memory, value


def allowed(scores: Array, count: int, mass: float, job: Job) -> Array:  # noqa: ARG001 - every backend gets the job
    """Return what is among the best and has the mass; of equal ones `top_k` takes the lower first."""
    with x64(True):
        return np.array(_allowed(scores, count, mass))


@jax.jit
def _allowed(scores: jax.Array, count: jax.Array, mass: jax.Array) -> jax.Array:
    ordered, order = jax.lax.top_k(scores, scores.shape[1])
    shares = jax.nn.softmax(ordered)
    kept = (jnp.cumsum(shares, axis=1) - shares < mass - 1e-9) & (jnp.arange(scores.shape[1]) < count)
    return jnp.zeros_like(kept).at[jnp.arange(len(scores))[:, None], order].set(kept)


def drawn(scores: Array, allowed: Array, numbers: Array, job: Job) -> Array:  # noqa: ARG001 - as above
    """Return the letters by the inverse of the cumulated probabilities."""
    with x64(True):
        return np.array(_drawn(scores, allowed, numbers), np.int64)


@jax.jit
def _drawn(scores: jax.Array, allowed: jax.Array, numbers: jax.Array) -> jax.Array:
    cumulated = jnp.cumsum(jax.nn.softmax(jnp.where(allowed, scores, -jnp.inf)), axis=1)
    wanted = numbers * cumulated[:, -1]
    return jax.vmap(partial(jnp.searchsorted, side="right"))(cumulated, wanted)
