"""A small causal writer in TensorFlow, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


class Net(keras.Model):
    """Letters to scores."""

    def __init__(self, letters: int, places: int, width: int, heads: int) -> None:
        super().__init__()
        self.letters, self.places = keras.layers.Embedding(letters, width), keras.layers.Embedding(places, width)
        self.attention = keras.layers.MultiHeadAttention(heads, width // heads, use_bias=False)
        self.scores = keras.layers.Dense(letters)

    def call(self, letters: tf.Tensor) -> tf.Tensor:
        x = self.letters(letters) + self.places(tf.range(tf.shape(letters)[1]))
        return self.scores(x + self.attention(x, x, use_causal_mask=True))


def trainer(letters: int, places: int, width: int, heads: int) -> Callable[..., float]:
    net = Net(letters, places, width, heads)
    loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    optimizer = keras.optimizers.SGD(0.25, momentum=0.875)

    @tf.function(reduce_retracing=True)
    def train(given: tf.Tensor, asked: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_function(asked, net(given))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss

    def step(given: Any, asked: Any) -> float:
        return float(train(tf.constant(given), tf.constant(asked)))

    return step
