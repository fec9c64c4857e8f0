"""A graph network in TensorFlow, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras.layers import Dense


class Net(keras.Model):
    """A graph to scores of some of its nodes."""

    def __init__(self) -> None:
        super().__init__()
        self.edge, self.node, self.whole = ([Dense(8, "tanh"), Dense(8, "tanh")] for _ in range(3))
        self.scores = Dense(2)

    def call(self, nodes: Any, edges: Any, senders: Any, receivers: Any, asked: Any) -> Any:
        whole, n, m = tf.zeros((1, 0)), tf.shape(nodes)[0], tf.shape(edges)[0]
        for edge, node, both in zip(self.edge, self.node, self.whole, strict=True):
            ends = [tf.gather(nodes, senders), tf.gather(nodes, receivers)]
            edges = edge(tf.concat([edges, *ends, tf.repeat(whole, m, axis=0)], 1))
            sums = tf.math.unsorted_segment_sum(edges, receivers, n) / 4
            nodes = node(tf.concat([nodes, sums, tf.repeat(whole, n, axis=0)], 1))
            means = [tf.reduce_mean(nodes, 0, keepdims=True), tf.reduce_mean(edges, 0, keepdims=True)]
            whole = both(tf.concat([whole, *means], 1))
        return tf.gather(self.scores(tf.concat([nodes, tf.repeat(whole, n, axis=0)], 1)), asked)


def trainer() -> Callable[..., float]:
    net = Net()
    loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(2.0**-6)

    @tf.function
    def train(*batch: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_function(batch[-1], net(*batch[:-1]))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss

    def step(*batch: Any) -> float:
        tensors = [tf.constant(one) for one in batch]
        if not net.built:
            net(*tensors[:-1])
            optimizer.build(net.trainable_variables)
        return float(train(*tensors))

    return step
