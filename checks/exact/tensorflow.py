"""The exact models in TensorFlow: its matrix products, its gradient tape, Keras's SGD, in one compiled step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.common.tensorflow import dtype
from checks.exact import GRID, LEARNING_RATE, STEEPEST, STRIDE, Step
from checks.exact.models import MODELS
from checks.exact.reduction.tensorflow import all_reduce as all_reduce  # noqa: PLC0414 - part of a backend

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.common.job import Job

Array = np.ndarray[Any, Any]


def snap(value: tf.Tensor, low: float, high: float) -> tf.Tensor:
    """Return the nearest multiples of 2^-6 in [low, high]; TensorFlow rounds half to even."""
    return tf.clip_by_value(tf.round(value * GRID) / GRID, low, high)


def primitives(left: Array, right: Array, image: Array, kernel: Array, job: Job) -> dict[str, Array]:
    """Return products and sums of integers."""
    a, b, pixels, weights = (tf.constant(array, dtype(job)) for array in (left, right, image, kernel))
    # channels last, the one layout TensorFlow has on every device
    convolved = tf.nn.conv2d(
        tf.transpose(pixels, [0, 2, 3, 1]), tf.transpose(weights, [2, 3, 1, 0]), strides=STRIDE, padding="VALID"
    )
    results = {
        "product": a @ b,
        "convolution": tf.transpose(convolved, [0, 3, 1, 2]),
        "sum": tf.reduce_sum(a),
        "running sum": tf.cumsum(a, axis=1),
    }
    return {name: result.numpy() for name, result in results.items()}


class Trainer:
    """A model with TensorFlow's slopes and Keras's SGD."""

    def __init__(self, model: str, weights: dict[str, Array], inputs: Array, targets: Array, job: Job) -> None:
        self.dtype = dtype(job)
        self.forward = MODELS[model].forward
        self.master = {name: tf.Variable(self.constant(weight)) for name, weight in weights.items()}
        self.inputs, self.targets = self.constant(inputs), self.constant(targets)
        self.optimiser = keras.optimizers.SGD(LEARNING_RATE)
        self.optimiser.build(list(self.master.values()))
        self.products: list[tf.Tensor] = []
        self.compiled = tf.function(self._step)

    def step(self) -> Step:
        loss, products, slopes = self.compiled()
        return Step(
            loss.numpy(),
            [product.numpy() for product in products],
            {name: slope.numpy() for name, slope in slopes.items()},
        )

    def weights(self) -> dict[str, Array]:
        return {name: weight.numpy() for name, weight in self.master.items()}

    def _step(self) -> tuple[tf.Tensor, list[tf.Tensor], dict[str, tf.Tensor]]:
        self.products = []
        used = {name: snap(weight, -2.0, 2.0) for name, weight in self.master.items()}
        with tf.GradientTape() as tape:
            tape.watch(used)
            result = self.forward(self, used, self.inputs)
            loss = tf.reduce_sum((result - self.targets) ** 2) / 2
        slopes = tape.gradient(loss, used)
        steps = [snap(slopes[name], -STEEPEST, STEEPEST) for name in self.master]
        self.optimiser.apply_gradients(zip(steps, self.master.values(), strict=True))
        return loss, self.products, slopes

    def product(self, left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
        self.products.append(left @ right)
        return self.products[-1]

    def grid(self, value: tf.Tensor, low: float, high: float) -> tf.Tensor:
        @tf.custom_gradient
        def snapped(inner: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            inside = tf.cast((inner >= low) & (inner <= high), inner.dtype)
            return snap(inner, low, high), lambda slope: snap(slope, -STEEPEST, STEEPEST) * inside

        return snapped(value)

    def transpose(self, value: tf.Tensor) -> tf.Tensor:
        return tf.transpose(value)

    def constant(self, value: Array) -> tf.Tensor:
        return tf.constant(value, self.dtype)
