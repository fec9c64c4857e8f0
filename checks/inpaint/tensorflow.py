"""Partial convolutions in TensorFlow: a Keras layer over `tf.nn.conv2d`, and views by gathered columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.common.tensorflow import array, dtype, precise
from checks.inpaint import LEARNING_RATE, MOMENTUM, SIZES

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.inpaint import Weights
    from checks.inpaint.scene import Photo

Array = np.ndarray[Any, Any]


class PartialConv2D(keras.layers.Conv2D):
    """A convolution over known values alone; returns the result and what is known then."""

    def call(self, x: tf.Tensor, known: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        window = tf.ones((*self.kernel_size, 1, 1), known.dtype)
        count = tf.nn.conv2d(known, window, 1, "SAME")
        reached = tf.cast(count > 0, known.dtype)
        ratio = reached * float(self.kernel_size[0] * self.kernel_size[1]) / tf.maximum(count, 1)
        product = tf.nn.conv2d(x * known, self.kernel, 1, "SAME")
        return (product * ratio + self.bias) * reached, reached


class Filler(keras.Model):
    """Three partial convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = [PartialConv2D(out, 3, padding="same") for out in SIZES[1:]]
        for part, into in zip(self.parts, SIZES[:-1], strict=True):
            part.build((None, None, None, into))

    def call(self, x: tf.Tensor, known: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        masks: list[tf.Tensor] = []
        for part in self.parts:
            x, known = part(tf.nn.relu(x) if masks else x, known)
            masks.append(known)
        return x, masks


class Model:
    """The filler with its optimiser, in the check's terms."""

    def __init__(self, weights: Weights, job: Job) -> None:
        self.dtype, self.net = dtype(job), Filler()
        self.names = list(weights)
        for number, part in enumerate(self.net.parts, start=1):
            part.set_weights([weights[f"{number}.weight"], weights[f"{number}.bias"]])
        self.loss = keras.losses.MeanSquaredError(**precise(job))
        self.optimiser = keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM)
        self.optimiser.build(self.net.trainable_variables)

    def fill(self, photo: Photo) -> Array:
        return array(self.net(self._tensor(photo.pictures), self._tensor(photo.known))[0])

    def known(self, photo: Photo) -> list[Array]:
        return [array(one) for one in self.net(self._tensor(photo.pictures), self._tensor(photo.known))[1]]

    def gradients(self, photo: Photo) -> tuple[float, dict[str, Array]]:
        loss, gradients = self._backward(*self._tensors(photo))
        return float(loss), dict(zip(self.names, map(array, gradients), strict=True))

    def reach(self, photo: Photo) -> Array:
        pictures = self._tensor(photo.pictures)
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            total = tf.reduce_sum(self.net(pictures, self._tensor(photo.known))[0])
        return np.abs(array(tape.gradient(total, pictures)))

    def step(self, photo: Photo) -> float:
        return float(self._step(*self._tensors(photo)))

    def weights(self) -> dict[str, Array]:
        return dict(zip(self.names, map(array, self.net.trainable_variables), strict=True))

    @tf.function
    def _step(self, pictures: tf.Tensor, known: tf.Tensor, wall: tf.Tensor) -> tf.Tensor:
        loss, gradients = self._backward(pictures, known, wall)
        self.optimiser.apply(gradients)
        return loss

    def _backward(self, pictures: tf.Tensor, known: tf.Tensor, wall: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        hidden = tf.equal(known[..., 0], 0)
        with tf.GradientTape() as tape:
            filled, _ = self.net(pictures, known)
            loss = self.loss(tf.boolean_mask(wall, hidden), tf.boolean_mask(filled, hidden))
        return loss, tape.gradient(loss, self.net.trainable_variables)

    def _tensors(self, photo: Photo) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return self._tensor(photo.pictures), self._tensor(photo.known), self._tensor(photo.wall)

    def _tensor(self, pictures: Array) -> tf.Tensor:
        return tf.cast(pictures, self.dtype)


def moved(layer: Array, disparity: Array, step: float, job: Job) -> Array:
    """Return the layer taken from ``column - step · disparity``, linear between columns."""
    pictures, kind = tf.cast(layer, dtype(job)), dtype(job)
    last = layer.shape[2] - 1
    place = tf.clip_by_value(tf.range(last + 1, dtype=kind) - step * tf.cast(disparity, kind), 0, last)
    left = tf.minimum(tf.cast(tf.floor(place), tf.int32), last - 1)
    share = (place - tf.cast(left, kind))[..., None]
    one, other = (tf.gather(pictures, at, axis=2, batch_dims=2) for at in (left, left + 1))
    return array((1 - share) * one + share * other)
