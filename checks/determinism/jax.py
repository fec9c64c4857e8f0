"""JAX by its own means: keys and their splits, an initialiser, dropout, optax's SGD, a checkpoint of arrays.

JAX has no loader: its users shuffle by a key and prepare batches in threads ahead of the step. It has no switch either:
what XLA may do is settled by its flags before it starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from checks.determinism import BATCH, CLASSES, DROPOUT, EPOCHS, EXAMPLES, FEATURES, HIDDEN, LEARNING_RATE, MOMENTUM
from checks.determinism.kernels.jax import kernels as kernels  # noqa: PLC0414 - part of a backend
from checks.determinism.operations.jax import operations as operations  # noqa: PLC0414 - part of a backend

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.determinism import Data
    from checks.determinism.bit_equality import Trail

Array = np.ndarray[Any, Any]
Weights = dict[str, jax.Array]

switch = None
threads = None
_OPTIMISER = optax.sgd(LEARNING_RATE, momentum=MOMENTUM)


class State(NamedTuple):
    """Everything that goes on from step to step; as numbers, it is the checkpoint."""

    weights: Weights
    memory: Any
    key: jax.Array


@jax.jit
def begin(seed: int) -> State:
    """Return the state before the first step."""
    key, first, second = jax.random.split(jax.random.key(seed), 3)
    initialise = jax.nn.initializers.glorot_uniform()
    weights = {
        "hidden.weight": initialise(first, (FEATURES, HIDDEN)),
        "hidden.bias": jnp.zeros(HIDDEN),
        "output.weight": initialise(second, (HIDDEN, CLASSES)),
        "output.bias": jnp.zeros(CLASSES),
    }
    return State(weights, _OPTIMISER.init(weights), key)


def _loss(weights: Weights, key: jax.Array, features: jax.Array, classes: jax.Array) -> jax.Array:
    hidden = jax.nn.relu(features @ weights["hidden.weight"] + weights["hidden.bias"])
    kept = jax.random.bernoulli(key, 1 - DROPOUT, hidden.shape)
    scores = jnp.where(kept, hidden / (1 - DROPOUT), 0) @ weights["output.weight"] + weights["output.bias"]
    return optax.softmax_cross_entropy_with_integer_labels(scores, classes).mean()


@jax.jit
def _step(state: State, features: jax.Array, classes: jax.Array) -> tuple[State, jax.Array]:
    key, dropout = jax.random.split(state.key)
    loss, gradients = jax.value_and_grad(_loss)(state.weights, dropout, features, classes)
    updates, memory = _OPTIMISER.update(gradients, state.memory)
    return State(optax.apply_updates(state.weights, updates), memory, key), loss


@jax.jit
def _shuffle(seed: int, epoch: int) -> jax.Array:
    return jax.random.permutation(jax.random.fold_in(jax.random.key(seed), epoch), EXAMPLES)


def batches(data: Data, seed: int, epoch: int, workers: int) -> Iterator[tuple[Array, Array]]:
    """Yield an epoch's batches in an order drawn from seed and epoch; `workers` threads prepare them ahead."""
    places = np.asarray(_shuffle(seed, epoch)).reshape(-1, BATCH)

    def prepare(chosen: Array) -> tuple[Array, Array]:
        return data.features[chosen], data.classes[chosen]

    if not workers:
        yield from map(prepare, places)
        return
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(prepare, places)


def train(job: Job, data: Data, *, seed: int, workers: int = 0, resume: bool = False) -> Trail:  # noqa: ARG001
    """Train by the keys' shuffling and dropout's drawing; see `Backend`."""
    state, losses = begin(seed), list[float]()
    start = np.array(state.weights["hidden.weight"])
    for epoch in range(EPOCHS):
        if resume and epoch == EPOCHS // 2:
            state = restore(save(state), seed)
        for features, classes in batches(data, seed, epoch, workers):
            state, loss = _step(state, features, classes)
            losses.append(float(loss))
    return {"start": start, "losses": np.array(losses)} | {
        name: np.array(weight) for name, weight in state.weights.items()
    }


def save(state: State) -> list[Array]:
    """Return a checkpoint with all that the coming steps depend on: weights, optimiser's memory, key."""
    plain = state._replace(key=jax.random.key_data(state.key))
    return [np.array(leaf) for leaf in jax.tree.leaves(plain)]


def restore(saved: list[Array], seed: int) -> State:
    """Return the state that was saved, in objects made anew."""
    fresh = begin(seed)
    plain = fresh._replace(key=jax.random.key_data(fresh.key))
    state = jax.tree.unflatten(jax.tree.structure(plain), map(jnp.asarray, saved))
    return state._replace(key=jax.random.wrap_key_data(state.key))


def draw(job: Job, seed: int) -> dict[str, Array]:  # noqa: ARG001 - JAX sees this job's device alone
    """Draw from each random function with the same key."""
    return {name: np.array(drawn) for name, drawn in _draw(seed).items()}


@jax.jit
def _draw(seed: int) -> dict[str, jax.Array]:
    key = jax.random.key(seed)
    return {
        "uniform": jax.random.uniform(key, (1000,)),
        "normal": jax.random.normal(key, (1000,)),
        "randint": jax.random.randint(key, (1000,), 0, 1 << 20),
        "permutation": jax.random.permutation(key, 1000),
        "bernoulli": jax.random.bernoulli(key, 0.25, (1000,)),
        "glorot_uniform": jax.nn.initializers.glorot_uniform()(key, (40, 25)),
        "he_normal": jax.nn.initializers.he_normal()(key, (40, 25)),
    }


def observe_own(job: Job, data: Data, record: Recorder) -> None:
    """Say whether a step compiled as a whole gives the bits of its operations one by one."""
    compiled = train(job, data, seed=job.seed)
    with jax.disable_jit():
        eager = train(job, data, seed=job.seed)
    same = all(np.array_equal(compiled[name], eager[name]) for name in compiled)
    record.observe("training", "each operation compiled alone", "same bits" if same else "other bits")
