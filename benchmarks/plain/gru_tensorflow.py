"""Names by language in TensorFlow, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


def trainer(letters: int, languages: int) -> Callable[..., float]:
    net = keras.Sequential(
        [
            keras.layers.Input((None,), dtype="int64"),
            keras.layers.Embedding(letters, 16, mask_zero=True),
            keras.layers.GRU(64),
            keras.layers.Dense(languages),
        ]
    )
    loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.SGD(0.25, momentum=0.875)

    @tf.function(reduce_retracing=True)
    def train(names: tf.Tensor, truth: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_function(truth, net(names, training=True))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss

    def step(names: Any, _: Any, truth: Any) -> float:
        return float(train(tf.constant(names), tf.constant(truth)))

    return step
