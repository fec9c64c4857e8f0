"""The line in Keras, and `tf.linalg`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.common.tensorflow import array, dtype
from checks.descent.tensorflow import Training, gradient_descent, squared_error

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights

Array = np.ndarray[Any, Any]


class Line(keras.Model):
    """One number for each row."""

    def __init__(self) -> None:
        super().__init__()
        self.line = keras.layers.Dense(1)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.line(x)


def training(weights: Weights, rate: float, job: Job) -> Training:
    """Return a line under the mean of squared errors and gradient descent."""
    rows = np.ones((1, len(weights["line.kernel"])))
    return Training(Line(), squared_error(job), gradient_descent(rate), weights, job, rows)


def solve(design: Array, truth: Array, job: Job) -> dict[str, Array]:
    """Return the coefficients by QR, by Cholesky and by least squares."""
    x, y = (tf.constant(one, dtype(job)) for one in (design, truth))
    q, r = tf.linalg.qr(x)
    lower = tf.linalg.cholesky(tf.matmul(x, x, transpose_a=True))
    return {
        "QR": array(tf.linalg.triangular_solve(r, tf.matmul(q, y, transpose_a=True), lower=False)),
        "Cholesky": array(tf.linalg.cholesky_solve(lower, tf.matmul(x, y, transpose_a=True))),
        "least squares": array(tf.linalg.lstsq(x, y, fast=False)),
    }
