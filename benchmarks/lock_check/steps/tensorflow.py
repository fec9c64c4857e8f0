"""The same in TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tensorflow as tf


def numpy_product(matrix: Any) -> Any:
    return matrix @ matrix.T


def product(matrix: Any) -> Any:
    return tf.matmul(matrix, matrix, transpose_b=True).numpy()


def total(vector: Any) -> Any:
    return tf.reduce_sum(vector).numpy()


def rows(table: Any) -> Any:
    return tf.reduce_sum(table, axis=1).numpy()


def _function(table: Any) -> Any:
    powers = tf.exp(table)
    return powers / tf.reduce_sum(powers, axis=1, keepdims=True)


def function(table: Any) -> Any:
    return tf.function(_function)(table).numpy()


def losses(matrix: Any, targets: Any, steps: int, rate: float) -> Iterator[Any]:
    weight = tf.Variable(tf.zeros((len(targets), 1)))
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.matmul(matrix, weight)[:, 0] - targets) ** 2)
        yield loss.numpy()
        weight.assign_sub(rate * tape.gradient(loss, weight))
