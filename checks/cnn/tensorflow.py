"""The network in Keras: `Conv2D`, `BatchNormalization`, `MaxPooling2D`, SGD with momentum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.cnn import CHANNELS, DIGITS, EPSILON, KEPT, RATE, SIDE
from checks.common.tensorflow import array, dtype
from checks.descent.tensorflow import Training, cross_entropy, momentum

if TYPE_CHECKING:
    from checks.cnn import Images, Statistics
    from checks.common.job import Job
    from checks.descent import Weights

Array = np.ndarray[Any, Any]
layers = keras.layers


class Reader(keras.Model):
    """Images (n, 8, 8, 1) to scores."""

    def __init__(self) -> None:
        super().__init__()
        one, two = CHANNELS
        self.conv1 = layers.Conv2D(one, 3, padding="same", use_bias=False)
        self.norm1 = layers.BatchNormalization(momentum=KEPT, epsilon=EPSILON)
        self.conv2 = layers.Conv2D(two, 3, padding="same", use_bias=False)
        self.norm2 = layers.BatchNormalization(momentum=KEPT, epsilon=EPSILON)
        self.pool = layers.MaxPooling2D(2)
        self.flat = layers.Flatten()
        self.scores = layers.Dense(DIGITS)

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        x = self.pool(tf.nn.relu(self.norm1(self.conv1(images), training=training)))
        x = self.pool(tf.nn.relu(self.norm2(self.conv2(x), training=training)))
        return self.scores(self.flat(x))


class Network(Training):
    """The frame with moving statistics."""

    def __init__(self, weights: Weights, job: Job) -> None:
        super().__init__(Reader(), cross_entropy(job), momentum(RATE), weights, job, np.zeros((1, SIDE, SIDE, 1)))

    def load(self, weights: Weights) -> None:
        super().load(weights)
        for name, variable in self.moving().items():
            variable.assign(tf.fill(variable.shape, tf.cast(name.endswith("variance"), variable.dtype)))

    def statistics(self) -> Statistics:
        return {name: array(variable) for name, variable in self.moving().items()}

    def set_statistics(self, statistics: Statistics) -> None:
        for name, variable in self.moving().items():
            variable.assign(statistics[name])

    def layouts(self, images: Images) -> dict[str, Array]:
        return {"channels last": self.output(images)}  # TensorFlow's convolution has no other on a CPU

    def moving(self) -> dict[str, Any]:
        """Return the variables of the statistics."""
        found: dict[str, Any] = {}
        for name in ("norm1", "norm2"):
            norm = getattr(self.net, name)
            found |= {f"{name}.mean": norm.moving_mean, f"{name}.variance": norm.moving_variance}
        return found


def network(weights: Weights, job: Job) -> Network:
    """Return the network under cross-entropy and SGD with momentum."""
    return Network(weights, job)


def augment(images: Images, shifts: Array, job: Job) -> Images:
    """Return each image moved down and right by its `shifts`."""
    moved = _augment(tf.constant(images, dtype(job)), tf.constant(shifts, tf.int32))
    return array(moved).astype(np.float32)


@tf.function
def _augment(images: tf.Tensor, shifts: tf.Tensor) -> tf.Tensor:
    padded = tf.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)])

    def cut(given: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        image, shift = given
        return tf.slice(image, [1 - shift[0], 1 - shift[1], 0], [SIDE, SIDE, 1])

    return tf.map_fn(cut, (padded, shifts), fn_output_signature=images.dtype)
