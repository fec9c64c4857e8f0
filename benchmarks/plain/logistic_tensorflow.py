"""Logistic regression by gradient descent in TensorFlow, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


def trainer(features: int) -> Callable[..., float]:
    net = keras.Sequential([keras.layers.Input((features,)), keras.layers.Dense(1)])
    loss_function = keras.losses.BinaryCrossentropy(from_logits=True)
    optimizer = keras.optimizers.SGD(2.0)

    @tf.function
    def train(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_function(y, net(x, training=True))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss

    def step(x: Any, y: Any) -> float:
        return float(train(tf.constant(x), tf.constant(y)))

    return step
