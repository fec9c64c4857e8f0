"""Three partial convolutions in TensorFlow, as a user would write them down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf


class Partial(keras.layers.Conv2D):
    """A convolution over what is known."""

    def call(self, x: tf.Tensor, known: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        count = tf.nn.conv2d(known, tf.ones((3, 3, 1, 1)), 1, "SAME")
        reached = tf.cast(count > 0, tf.float32)
        found = tf.nn.conv2d(x * known, self.kernel, 1, "SAME") * (9 / tf.maximum(count, 1)) + self.bias
        return found * reached, reached


class Net(keras.Model):
    """Layer after layer, with ReLU between."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.parts = [Partial(size, 3, padding="same") for size in sizes[1:]]
        for part, size in zip(self.parts, sizes, strict=False):
            part.build((None, None, None, size))

    def call(self, x: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
        for number, part in enumerate(self.parts):
            x, known = part(tf.nn.relu(x) if number else x, known)
        return x


def trainer(*sizes: int) -> Callable[..., float]:
    net = Net(sizes)
    loss_function = keras.losses.MeanSquaredError()
    optimizer = keras.optimizers.SGD(0.0625, momentum=0.875)

    @tf.function
    def train(pictures: tf.Tensor, known: tf.Tensor, wall: tf.Tensor) -> tf.Tensor:
        hidden = known[..., 0] == 0
        with tf.GradientTape() as tape:
            loss = loss_function(wall[hidden], net(pictures, known)[hidden])
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss

    def step(pictures: Any, known: Any, wall: Any) -> float:
        return float(train(*(tf.cast(one, tf.float32) for one in (pictures, known, wall))))

    return step
