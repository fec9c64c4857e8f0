"""The graph network in Keras: `tf.gather`, and `tf.math.unsorted_segment_sum`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.common.tensorflow import array, dtype
from checks.descent.tensorflow import Training, adam, cross_entropy
from checks.gnn import FACTIONS, RATE, ROUNDS, WIDTH

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights
    from checks.gnn import Graph

Array = np.ndarray[Any, Any]


class GraphNetwork(keras.Model):
    """A graph to scores of the nodes that are asked for."""

    def __init__(self) -> None:
        super().__init__()
        for number in range(1, ROUNDS + 1):
            for what in ("edge", "node", "global"):
                setattr(self, f"{what}{number}", keras.layers.Dense(WIDTH, activation="tanh"))
        self.scores = keras.layers.Dense(FACTIONS)

    def call(
        self, nodes: tf.Tensor, edges: tf.Tensor, senders: tf.Tensor, receivers: tf.Tensor, asked: tf.Tensor
    ) -> tf.Tensor:
        count, many = tf.shape(nodes)[0], tf.shape(edges)[0]
        whole = tf.zeros((1, 0), nodes.dtype)
        for number in range(1, ROUNDS + 1):
            edge, node, both = (getattr(self, f"{what}{number}") for what in ("edge", "node", "global"))
            sent, got = tf.gather(nodes, senders), tf.gather(nodes, receivers)
            edges = edge(tf.concat([edges, sent, got, tf.repeat(whole, many, axis=0)], axis=1))
            arrived = tf.math.unsorted_segment_sum(edges, receivers, count) / 4
            nodes = node(tf.concat([nodes, arrived, tf.repeat(whole, count, axis=0)], axis=1))
            means = [tf.reduce_mean(one, axis=0, keepdims=True) for one in (nodes, edges)]
            whole = both(tf.concat([whole, *means], axis=1))
        return tf.gather(self.scores(tf.concat([nodes, tf.repeat(whole, count, axis=0)], axis=1)), asked)


def training(weights: Weights, graph: Graph, job: Job) -> Training:
    """Return the network under cross-entropy and Adam."""
    return Training(GraphNetwork(), cross_entropy(job), adam(RATE), weights, job, *graph, np.array([0]))


def segment_sum(rows: Array, segments: Array, count: int, job: Job) -> Array:
    """Return the sums of the rows of each segment."""
    return array(tf.math.unsorted_segment_sum(tf.constant(rows, dtype(job)), segments, count))
