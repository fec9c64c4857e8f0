"""The rules in TensorFlow: `tf.linalg`, `top_k`, `gather`, and a network of Keras's layers; all as graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.boundary import BETAS, EPSILON, HIDDEN, RATE
from checks.boundary.support import GAMMA
from checks.common.tensorflow import array, dtype, precise

if TYPE_CHECKING:
    from checks.boundary import Weights
    from checks.boundary.plane import Sample
    from checks.boundary.support import Machine
    from checks.boundary.trees import Trees
    from checks.common.job import Job

Array = np.ndarray[Any, Any]


def logistic(features: Array, labels: Array, steps: int, job: Job) -> Array:
    """Return the weights after Newton's steps from nothing."""
    seen, truth = _tensor(features, job), _tensor(labels, job)
    weights = tf.zeros(features.shape[1], dtype(job))
    for _ in range(steps):
        weights = _newton(seen, truth, weights)
    return array(weights)


@tf.function(autograph=False)
def _newton(features: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    chance = tf.sigmoid(tf.linalg.matvec(features, weights))
    slope = tf.linalg.matvec(features, chance - labels, transpose_a=True) + weights
    curvature = tf.matmul(features, features * (chance * (1 - chance))[:, None], transpose_a=True)
    curvature += tf.eye(features.shape[1], dtype=weights.dtype)
    return weights - tf.linalg.solve(curvature, slope[:, None])[:, 0]


def scored(features: Array, weights: Array, job: Job) -> Array:
    """Return the log-odds of each row of features."""
    return array(tf.linalg.matvec(_tensor(features, job), _tensor(weights, job)))


def quadratic(sample: Sample, job: Job) -> Array:
    """Return the log-odds of two Gaussians at every place."""
    classes = (_tensor(sample.points[sample.labels == label], job) for label in (0, 1))
    return array(_log_odds(*classes, _tensor(sample.places, job)))


@tf.function(autograph=False)
def _log_odds(nought: tf.Tensor, one: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    found = []
    for points in (nought, one):
        middle = tf.reduce_mean(points, axis=0)
        covariance = tf.matmul(points - middle, points - middle, transpose_a=True) / (points.shape[0] - 1)
        root = tf.linalg.cholesky(covariance)
        apart = tf.linalg.triangular_solve(root, tf.transpose(places - middle))
        logs = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(root)))
        found.append(-tf.reduce_sum(apart**2, axis=0) / 2 - logs)
    return found[1] - found[0]


def neighbours(sample: Sample, count: int, job: Job) -> Array:
    """Return the share of class 1 among the nearest at every place."""
    return array(_share(*(_tensor(part, job) for part in (sample.places, sample.points, sample.labels)), count))


@tf.function(autograph=False)
def _share(places: tf.Tensor, points: tf.Tensor, labels: tf.Tensor, count: int) -> tf.Tensor:
    apart = _apart(places, points)
    furthest = -tf.math.top_k(-apart, count).values[:, -1:]
    near = tf.cast(apart <= furthest, labels.dtype)
    return tf.linalg.matvec(near, labels) / tf.reduce_sum(near, axis=1)


def support(machine: Machine, places: Array, job: Job) -> Array:
    """Return the scores of a kernel machine at every place."""
    return array(_machine(*(_tensor(part, job) for part in (places, *machine))))


@tf.function(autograph=False)
def _machine(places: tf.Tensor, vectors: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    return tf.linalg.matvec(tf.exp(-GAMMA * _apart(places, vectors)), weights) + tf.reduce_sum(weights)


def walk(grown: Trees, places: Array, job: Job) -> Array:
    """Return the sum of the leaves that each place reaches."""
    feature = tf.constant(grown.feature, tf.int32)
    return array(_walk(*(_tensor(part, job) for part in (places, grown.threshold, grown.leaf)), feature, grown.depth))


@tf.function(autograph=False)
def _walk(places: tf.Tensor, threshold: tf.Tensor, leaf: tf.Tensor, feature: tf.Tensor, depth: int) -> tf.Tensor:
    rows = tf.range(places.shape[0])
    node = tf.zeros((leaf.shape[0], places.shape[0]), tf.int32)
    for _ in range(depth):
        column = tf.gather(feature, node, batch_dims=1)
        value = tf.gather_nd(places, tf.stack([tf.broadcast_to(rows, tf.shape(column)), column], axis=-1))
        node = 2 * node + 1 + tf.cast(value > tf.gather(threshold, node, batch_dims=1), tf.int32)
    return tf.reduce_sum(tf.gather(leaf, node - feature.shape[1], batch_dims=1), axis=0)


class Network:
    """The network and its optimiser."""

    def __init__(self, weights: Weights, job: Job) -> None:
        self.job = job
        dense = keras.layers.Dense
        inputs = keras.layers.Input((2,), **precise(job))
        self.net = keras.Sequential([inputs, dense(HIDDEN, "tanh"), dense(HIDDEN, "tanh"), dense(1)])
        self.net.set_weights(list(weights.values()))
        self.names = list(weights)
        self.loss = keras.losses.BinaryCrossentropy(from_logits=True, **precise(job))
        self.optimiser = keras.optimizers.Adam(RATE, *BETAS, epsilon=EPSILON)
        self.optimiser.build(self.net.trainable_variables)

    def step(self, points: Array, labels: Array) -> float:
        return float(self._step(_tensor(points, self.job), _tensor(labels[:, None], self.job)))

    def scores(self, places: Array) -> Array:
        return array(self._scores(_tensor(places, self.job)))

    def weights(self) -> dict[str, Array]:
        return dict(zip(self.names, self.net.get_weights(), strict=True))

    def graph_of_step(self, points: tf.Tensor, labels: tf.Tensor) -> tf.Graph:
        """Return the graph of one step, to be counted."""
        return self._step.get_concrete_function(points, labels).graph

    @tf.function(autograph=False)
    def _scores(self, places: tf.Tensor) -> tf.Tensor:
        return self.net(places)[:, 0]

    @tf.function(autograph=False)
    def _step(self, points: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = self.loss(labels, self.net(points, training=True))
        variables = self.net.trainable_variables
        self.optimiser.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss


def _apart(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Return squared distances: sums of two squares, which float32 holds on this grid."""
    return tf.reduce_sum((one[:, None] - other) ** 2, axis=-1)


def _tensor(values: Array, job: Job) -> tf.Tensor:
    return tf.constant(values, dtype(job))
