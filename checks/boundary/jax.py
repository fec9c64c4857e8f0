"""The rules in JAX: `jnp.linalg`, `lax.top_k`, indexing, and a network of plain functions under optax; all compiled."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.scipy.linalg import solve_triangular

from checks.boundary import BETAS, EPSILON, RATE
from checks.boundary.support import GAMMA
from checks.common.jax import array, dtype

if TYPE_CHECKING:
    from checks.boundary import Weights
    from checks.boundary.plane import Sample
    from checks.boundary.support import Machine
    from checks.boundary.trees import Trees
    from checks.common.job import Job

Array = np.ndarray[Any, Any]
Parameters = dict[str, jax.Array]


def logistic(features: Array, labels: Array, steps: int, job: Job) -> Array:
    """Return the weights after Newton's steps from nothing."""
    seen, truth = _array(features, job), _array(labels, job)
    weights = jnp.zeros(features.shape[1], dtype(job))
    for _ in range(steps):
        weights = _newton(seen, truth, weights)
    return array(weights)


@jax.jit
def _newton(features: jax.Array, labels: jax.Array, weights: jax.Array) -> jax.Array:
    chance = jax.nn.sigmoid(features @ weights)
    slope = features.T @ (chance - labels) + weights
    curvature = (features.T * (chance * (1 - chance))) @ features + jnp.eye(len(weights), dtype=weights.dtype)
    return weights - jnp.linalg.solve(curvature, slope)


def scored(features: Array, weights: Array, job: Job) -> Array:
    """Return the log-odds of each row of features."""
    return array(_array(features, job) @ _array(weights, job))


def quadratic(sample: Sample, job: Job) -> Array:
    """Return the log-odds of two Gaussians at every place."""
    classes = (_array(sample.points[sample.labels == label], job) for label in (0, 1))
    return array(_log_odds(*classes, _array(sample.places, job)))


@jax.jit
def _log_odds(nought: jax.Array, one: jax.Array, places: jax.Array) -> jax.Array:
    found = []
    for points in (nought, one):
        root = jnp.linalg.cholesky(jnp.cov(points, rowvar=False))
        apart = solve_triangular(root, (places - points.mean(axis=0)).T, lower=True)
        found.append(-(apart**2).sum(axis=0) / 2 - jnp.log(jnp.diag(root)).sum())
    return found[1] - found[0]


def neighbours(sample: Sample, count: int, job: Job) -> Array:
    """Return the share of class 1 among the nearest at every place."""
    return array(_share(*(_array(part, job) for part in (sample.places, sample.points, sample.labels)), count))


@partial(jax.jit, static_argnums=3)
def _share(places: jax.Array, points: jax.Array, labels: jax.Array, count: int) -> jax.Array:
    apart = _apart(places, points)
    near = apart <= -jax.lax.top_k(-apart, count)[0][:, -1:]
    return (near * labels).sum(axis=1) / near.sum(axis=1)


def support(machine: Machine, places: Array, job: Job) -> Array:
    """Return the scores of a kernel machine at every place."""
    return array(_machine(*(_array(part, job) for part in (places, *machine))))


@jax.jit
def _machine(places: jax.Array, vectors: jax.Array, weights: jax.Array) -> jax.Array:
    return jnp.exp(-GAMMA * _apart(places, vectors)) @ weights + weights.sum()


def walk(grown: Trees, places: Array, job: Job) -> Array:
    """Return the sum of the leaves that each place reaches."""
    feature = jnp.array(grown.feature, jnp.int32)
    return array(_walk(*(_array(part, job) for part in (places, grown.threshold, grown.leaf)), feature, grown.depth))


@partial(jax.jit, static_argnums=4)
def _walk(places: jax.Array, threshold: jax.Array, leaf: jax.Array, feature: jax.Array, depth: int) -> jax.Array:
    def one(feature: jax.Array, threshold: jax.Array, leaf: jax.Array) -> jax.Array:
        node = jnp.zeros(len(places), jnp.int32)
        for _ in range(depth):
            value = jnp.take_along_axis(places, feature[node][:, None], axis=1)[:, 0]
            node = 2 * node + 1 + (value > threshold[node])
        return leaf[node - len(feature)]

    return jax.vmap(one)(feature, threshold, leaf).sum(axis=0)


class Network:
    """The network and its optimiser."""

    def __init__(self, weights: Weights, job: Job) -> None:
        self.job = job
        self.parameters = {name: _array(weight, job) for name, weight in weights.items()}
        self.memory = _OPTIMISER.init(self.parameters)

    def step(self, points: Array, labels: Array) -> float:
        batch = _array(points, self.job), _array(labels, self.job)
        self.parameters, self.memory, loss = train(self.parameters, self.memory, *batch)
        return float(loss)

    def scores(self, places: Array) -> Array:
        return array(_scores(self.parameters, _array(places, self.job)))

    def weights(self) -> dict[str, Array]:
        return {name: array(weight) for name, weight in self.parameters.items()}


_OPTIMISER = optax.adam(RATE, *BETAS, EPSILON)


@jax.jit
def _scores(parameters: Parameters, points: jax.Array) -> jax.Array:
    hidden = points
    for layer in (1, 2):
        hidden = jnp.tanh(hidden @ parameters[f"weight {layer}"] + parameters[f"bias {layer}"])
    return (hidden @ parameters["weight 3"] + parameters["bias 3"])[:, 0]


def _loss(parameters: Parameters, points: jax.Array, labels: jax.Array) -> jax.Array:
    return optax.sigmoid_binary_cross_entropy(_scores(parameters, points), labels).mean()


@partial(jax.jit, donate_argnums=(0, 1))
def train(
    parameters: Parameters, memory: Any, points: jax.Array, labels: jax.Array
) -> tuple[Parameters, Any, jax.Array]:
    """Make one step; return weights, memory, and the loss before it."""
    loss, gradients = jax.value_and_grad(_loss)(parameters, points, labels)
    updates, memory = _OPTIMISER.update(gradients, memory)
    return optax.apply_updates(parameters, updates), memory, loss


def _apart(one: jax.Array, other: jax.Array) -> jax.Array:
    """Return squared distances: sums of two squares, which float32 holds on this grid."""
    return ((one[:, None] - other) ** 2).sum(axis=-1)


def _array(values: Array, job: Job) -> jax.Array:
    return jnp.array(values, dtype(job))
