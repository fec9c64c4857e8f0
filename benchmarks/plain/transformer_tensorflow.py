"""A causal language model of letters in TensorFlow, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import layers


class Embed(layers.Layer):
    """Letters plus places."""

    def __init__(self, letters: int, longest: int) -> None:
        super().__init__()
        self.letters, self.places = layers.Embedding(letters, 64), layers.Embedding(longest, 64)

    def call(self, letters: tf.Tensor) -> tf.Tensor:
        return self.letters(letters) + self.places(tf.range(tf.shape(letters)[1]))


def trainer(letters: int, longest: int) -> Callable[..., float]:
    lines = layers.Input((None,), dtype="int64")
    x = Embed(letters, longest)(lines)
    for _ in range(2):
        normed = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.MultiHeadAttention(2, 32)(normed, normed, use_causal_mask=True)
        normed = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.Dense(64)(layers.Dense(128, activation="gelu")(normed))
    net = keras.Model(lines, layers.Dense(letters)(layers.LayerNormalization(epsilon=1e-5)(x)))
    loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    optimizer = keras.optimizers.SGD(0.125, momentum=0.875)

    @tf.function(reduce_retracing=True)
    def train(lines: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_function(targets, net(lines, training=True))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss

    def step(lines: Any, targets: Any) -> float:
        return float(train(tf.constant(lines), tf.constant(targets)))

    return step
