"""An attention over pieces of sentences in TensorFlow, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


class Net(keras.Model):
    """Codes to scores at the places asked for."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.pieces = keras.layers.Embedding(size, width)
        self.query, self.value = keras.layers.Dense(width), keras.layers.Dense(width)
        self.key = keras.layers.Dense(width, use_bias=False)
        self.attention = keras.layers.Attention()
        self.scores = keras.layers.Dense(size)

    def call(self, codes: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
        x = self.pieces(codes)
        given = [self.query(x) / self.width**0.5, self.value(x), self.key(x)]
        return self.scores(tf.gather(x + self.attention(given, mask=[None, codes != 0]), places, batch_dims=1))


def trainer(size: int, width: int) -> Callable[..., float]:
    net = Net(size, width)
    loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(2.0**-6)

    @tf.function
    def train(codes: tf.Tensor, places: tf.Tensor, truth: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_function(truth, net(codes, places))
        # Keras 3 squares the slopes of a repeated piece one by one otherwise
        gradients = [tf.convert_to_tensor(one) for one in tape.gradient(loss, net.trainable_variables)]
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss

    def step(codes: Any, places: Any, truth: Any) -> float:
        return float(train(tf.constant(codes), tf.constant(places), tf.constant(truth)))

    return step
