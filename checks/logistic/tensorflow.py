"""Logistic regression in Keras, and Newton's method by a tape within a tape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from checks.common.tensorflow import array, dtype
from checks.descent.tensorflow import Training, gradient_descent, logistic_loss
from checks.linear.tensorflow import Line

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights

Array = np.ndarray[Any, Any]


def training(weights: Weights, rate: float, job: Job) -> Training:
    """Return a row of scores under the binary cross-entropy and gradient descent."""
    rows = np.ones((1, len(weights["line.kernel"])))
    return Training(Line(), logistic_loss(job), gradient_descent(rate), weights, job, rows)


def newton(design: Array, truth: Array, steps: int, job: Job) -> Array:
    """Return the coefficients after each step of Newton's method from zero."""
    x, t = (tf.constant(one, dtype(job)) for one in (design, truth))
    loss = logistic_loss(job)

    @tf.function
    def step(w: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as outer:
            outer.watch(w)
            with tf.GradientTape() as inner:
                inner.watch(w)
                value = loss(t, tf.matmul(x, w[:, None]))
            gradient = inner.gradient(value, w)
        return w - tf.linalg.solve(outer.jacobian(gradient, w), gradient[:, None])[:, 0]

    w, path = tf.zeros(x.shape[1], x.dtype), []
    for _ in range(steps):
        w = step(w)
        path.append(w)
    return array(tf.stack(path))
