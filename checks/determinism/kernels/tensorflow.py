"""TensorFlow's kernels: of oneDNN, and Eigen's vector code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from checks.determinism.kernels import Array, Kernels, draw_matrix

if TYPE_CHECKING:
    from checks.common.job import Job


def _kernel(function: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[Job, Array], Array]:
    def run(job: Job, rows: Array) -> Array:  # noqa: ARG001 - TensorFlow sees this job's device alone
        return np.array(function(tf.constant(rows)))

    return run


def _multiplied(job: Job, rows: Array) -> Array:
    return np.array(tf.constant(rows) @ tf.constant(draw_matrix(job.seed)))


def _gru(x: tf.Tensor) -> tf.Tensor:
    ones = {"kernel_initializer": keras.initializers.Constant(0.0625), "bias_initializer": "ones"}
    layer = keras.layers.GRU(32, recurrent_initializer=keras.initializers.Constant(0.03125), **ones)
    return layer(tf.reshape(x, [-1, 8, 64]))


def _layer_norm(x: tf.Tensor) -> tf.Tensor:
    return keras.layers.LayerNormalization()(x)


def _attention(x: tf.Tensor) -> tf.Tensor:
    heads = tf.reshape(x, [-1, 16, 32])
    weights = tf.nn.softmax(tf.matmul(heads, heads, transpose_b=True) * 32**-0.5)
    return tf.reshape(weights @ heads, [-1, 512])


kernels: Kernels = {"matmul": _multiplied} | {
    name: _kernel(function)
    for name, function in {
        "row sum": lambda x: tf.reduce_sum(x, axis=1),
        "softmax": tf.nn.softmax,
        "layer_norm": _layer_norm,
        "sigmoid": tf.sigmoid,
        "tanh": tf.tanh,
        "exp": tf.exp,
        "gelu": tf.nn.gelu,
        "GRU": _gru,
        "attention": _attention,
    }.items()
}
