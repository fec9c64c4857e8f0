"""Integrated gradients in TensorFlow: all points of all pictures as one batch, watched by a `GradientTape`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.attribution import LEARNING_RATE, MOMENTUM, midpoints
from checks.common.tensorflow import array, dtype, precise
from checks.training_recipe import NAMES

if TYPE_CHECKING:
    from checks.attribution import Question, Weights
    from checks.common.job import Job
    from checks.training_recipe import Batch

Array = np.ndarray[Any, Any]


class Model:
    """The classifier with its optimiser, in the check's terms."""

    def __init__(self, weights: Weights, job: Job) -> None:
        hidden, pixels = weights["hidden.weight"].shape
        self.dtype = dtype(job)
        self.compiled: dict[tuple[bool, int], Any] = {}
        self.net = keras.Sequential(
            [
                keras.layers.Input((pixels,), **precise(job)),
                keras.layers.Dense(hidden, activation="tanh"),
                keras.layers.Dense(len(weights["output.bias"])),
            ]
        )
        self.net.set_weights([weights[name].T for name in NAMES])
        self.loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, **precise(job))
        self.optimiser = keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM)
        self.optimiser.build(self.net.trainable_variables)

    def scores(self, pictures: Array) -> Array:
        return array(self.net(tf.cast(pictures, self.dtype)))

    def step(self, batch: Batch) -> float:
        return float(self._step(tf.cast(batch.inputs, self.dtype), tf.constant(batch.targets)))

    def attributions(self, question: Question, points: int) -> Array:
        return self._integrated(False, question, points)

    def rewritten(self, question: Question, points: int) -> Array:
        return self._integrated(True, question, points)

    def weights(self) -> dict[str, Array]:
        return {name: array(one).T for name, one in zip(NAMES, self.net.trainable_variables, strict=True)}

    @tf.function
    def _step(self, pictures: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = self.loss(columns, self.net(pictures, training=True))
        self.optimiser.apply(tape.gradient(loss, self.net.trainable_variables))
        return loss

    def _integrated(self, rewritten: bool, question: Question, points: int) -> Array:
        if (rewritten, points) not in self.compiled:  # to look up a graph by tensors alone takes half the time
            self.compiled[rewritten, points] = tf.function(partial(self._mean_slope, rewritten, points))
        pictures, baseline = (tf.cast(one, self.dtype) for one in (question.pictures, question.baseline))
        return array(self.compiled[rewritten, points](pictures, baseline, tf.constant(question.classes)))

    def _mean_slope(
        self, rewritten: bool, points: int, pictures: tf.Tensor, baseline: tf.Tensor, classes: tf.Tensor
    ) -> tf.Tensor:
        net, way = self._otherwise if rewritten else self.net, pictures - baseline
        places = tf.cast(midpoints(points), self.dtype)[:, None, None]
        between = tf.reshape(baseline + places * way, (-1, way.shape[1]))
        asked = tf.tile(classes, [points])
        with tf.GradientTape() as tape:
            tape.watch(between)
            score = tf.gather(net(between), asked, batch_dims=1)
        slope = tf.reshape(tape.gradient(score, between), (points, *way.shape))
        return way * tf.reduce_mean(slope, axis=0)

    def _otherwise(self, pictures: tf.Tensor) -> tf.Tensor:
        kernel, bias, output, output_bias = (tf.convert_to_tensor(one) for one in self.net.trainable_variables)
        seen = 2 * tf.sigmoid(2 * tf.einsum("np,ph->nh", pictures, kernel) + 2 * bias) - 1
        classes = zip(tf.unstack(output, axis=1), tf.unstack(output_bias), strict=True)
        return tf.stack([tf.reduce_sum(seen * weight, axis=1) + one for weight, one in classes], axis=1)
