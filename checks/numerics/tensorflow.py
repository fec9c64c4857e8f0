"""TensorFlow's functions, formats, copies and clocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from checks.numerics.products.tensorflow import products as products  # noqa: PLC0414 - part of a backend

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.numerics.specials import Numbers

Array = np.ndarray[Any, Any]

OWN: dict[str, Numbers] = {"place of the largest with NaN": (2.0, 2.0)}  # Eigen's argmax never takes a NaN
DENORMALS = "flushed"  # its threads run with flush-to-zero (tsl::port::ScopedFlushDenormal)
_FORMATS = {
    "bfloat16": tf.bfloat16,
    "float16": tf.float16,
    "float32": tf.float32,
    "float64": tf.float64,
    "float8_e4m3fn": tf.dtypes.experimental.float8_e4m3fn,
    "float8_e5m2": tf.dtypes.experimental.float8_e5m2,
}


class Engine:
    """TensorFlow on the device of the job, which is the only one it sees."""

    def __init__(self, job: Job) -> None:
        self.where = "/CPU:0" if job.device == "cpu" else "/GPU:0"

    def evaluate(self, name: str, *arrays: Array) -> Array:
        return np.array(FUNCTIONS[name](*(tf.constant(array) for array in arrays)))

    def encode(self, values: Array, number_format: str) -> Array:
        there = tf.cast(tf.constant(values), _FORMATS[number_format])
        return np.array(there).view(np.uint16 if there.dtype.size == 2 else np.uint8)

    def decode(self, bits: Array, number_format: str) -> Array:
        numbers = bits.view(_FORMATS[number_format].as_numpy_dtype)
        return np.array(tf.cast(tf.constant(numbers), tf.float32))

    def to_device(self, array: Array) -> tf.Tensor:
        with tf.device(self.where):
            return tf.identity(tf.constant(array))  # small integers would stay on the host

    def copy(self, theirs: tf.Tensor) -> tf.Tensor:
        with tf.device(self.where):
            return tf.raw_ops.DeepCopy(x=theirs)

    def views(self, theirs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {
            "transposed": tf.transpose(theirs),
            "every second column": theirs[:, ::2],
            "rows reversed": tf.reverse(theirs, axis=[0]),
        }

    def to_host(self, theirs: tf.Tensor) -> Array:
        return np.array(theirs)

    def product_timer(self, width: int, number_format: str) -> Callable[[], None]:
        factor = tf.ones((width, width), _FORMATS[number_format])

        def work() -> None:
            _ = factor @ factor
            tf.test.experimental.sync_devices()

        return work


def _slope(function: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return tape.gradient(value, x)


def _cross_entropy(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.zeros(len(x), tf.int64), x)


def _ones(x: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    return tf.cast(x, dtype)


FUNCTIONS: dict[str, Callable[..., tf.Tensor]] = {
    "softmax": tf.nn.softmax,
    "log softmax": tf.nn.log_softmax,
    "logsumexp": lambda x: tf.reduce_logsumexp(x, axis=1),
    "slope of cross-entropy": lambda x: _slope(_cross_entropy, x),
    "sigmoid": tf.sigmoid,
    "tanh": tf.tanh,
    "softplus": tf.math.softplus,
    "slope of softplus": lambda x: _slope(tf.math.softplus, x),
    "expm1": tf.math.expm1,
    "log1p": tf.math.log1p,
    "norm": tf.norm,
    "sum": lambda x: tf.reduce_sum(x, axis=1),
    "mean": lambda x: tf.reduce_mean(x, axis=1),
    "matmul": tf.matmul,
    "running sum": lambda x: tf.cumsum(x, axis=1),
    "long running sum": lambda x: tf.cumsum(x, axis=1),
    "less itself": lambda x: x - x,
    "by itself": lambda x: x / x,
    "times zero": lambda x: x * 0,
    "is NaN": lambda x: tf.cast(tf.math.is_nan(x), tf.float32),
    "is finite": lambda x: tf.cast(tf.math.is_finite(x), tf.float32),
    "there and back": lambda x, y: (x + y) - y,
    "variance": lambda x: tf.math.reduce_variance(x, axis=1),
    "add": tf.add,
    "multiply": tf.multiply,
    "divide": tf.divide,
    "sqrt": tf.sqrt,
    "log": tf.math.log,
    "largest": lambda x: tf.reduce_max(x, axis=1),
    "smallest": lambda x: tf.reduce_min(x, axis=1),
    "maximum": tf.maximum,
    "minimum": tf.minimum,
    "relu": tf.nn.relu,
    "clip": lambda x: tf.clip_by_value(x, 0.0, 1.0),
    "sort": tf.sort,
    "argmax": lambda x: tf.argmax(x, axis=1),
    "sum of bfloat16 ones": lambda x: tf.cast(tf.reduce_sum(_ones(x, tf.bfloat16), axis=1), tf.float32),
    "sum of float16 ones": lambda x: tf.cast(tf.reduce_sum(_ones(x, tf.float16), axis=1), tf.float32),
    "product of bfloat16 ones": lambda x: tf.cast(
        tf.matmul(_ones(x, tf.bfloat16), _ones(x, tf.bfloat16), transpose_b=True), tf.float32
    ),
    "product of float16 ones": lambda x: tf.cast(
        tf.matmul(_ones(x, tf.float16), _ones(x, tf.float16), transpose_b=True), tf.float32
    ),
}
