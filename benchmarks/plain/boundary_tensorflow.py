"""A small network on points of the plane in TensorFlow, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


def trainer(hidden: int) -> Callable[..., float]:
    dense = keras.layers.Dense
    net = keras.Sequential([keras.layers.Input((2,)), dense(hidden, "tanh"), dense(hidden, "tanh"), dense(1)])
    loss_function = keras.losses.BinaryCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(2.0**-5)

    @tf.function
    def train(points: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_function(labels, net(points, training=True))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss

    def step(points: Any, labels: Any) -> float:
        return float(train(tf.constant(points, tf.float32), tf.constant(labels[:, None], tf.float32)))

    return step
