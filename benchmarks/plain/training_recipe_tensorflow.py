"""A classifier of pictures with dropout in TensorFlow, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


def trainer(pixels: int, hidden: int, classes: int) -> Callable[..., float]:
    layers = [keras.layers.Dense(hidden, activation="relu"), keras.layers.Dropout(0.25), keras.layers.Dense(classes)]
    net = keras.Sequential([keras.layers.Input((pixels,)), *layers])
    loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.SGD(0.125, momentum=0.875)

    @tf.function
    def train(pictures: tf.Tensor, truth: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_function(truth, net(pictures, training=True))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss

    def step(pictures: Any, truth: Any) -> float:
        return float(train(tf.constant(pictures), tf.constant(truth)))

    return step
