"""The zoo in TensorFlow: reverse mode by `GradientTape`, forward mode by `ForwardAccumulator`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from checks.autodiff.zoo import CLASSES, GATHERED, NORM_EPSILON

if TYPE_CHECKING:
    from checks.common.job import Job

Array = np.ndarray[Any, Any]

# what TensorFlow's gradient functions state (math_grad.py): maximum and minimum give a tie to their first argument; the
# norm's zero is 0/0; cumprod divides by its input, with 0/0 = 0, though the derivative is (9, 0, 0) there
CORNERS: dict[str, tuple[tuple[float, ...], ...]] = {
    "norm at 0": ((np.nan, np.nan),),
    "maximum at a tie": ((1.0,), (0.0,)),
    "minimum at a tie": ((1.0,), (0.0,)),
    "cumulative maximum of equals": ((3.0, 0.0),),
    "cumulative product with a zero": ((0.0, 0.0, 0.0),),
}


class Engine:
    """TensorFlow's derivatives in one precision."""

    def __init__(self, job: Job, precision: str) -> None:  # noqa: ARG002 - TensorFlow sees this job's device alone
        self.dtype = getattr(tf, precision)

    def reverse(self, name: str, inputs: Sequence[Array], cotangent: Array) -> tuple[Array, list[Array]]:
        arguments = [tf.constant(one, self.dtype) for one in inputs]
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            value = FUNCTIONS[name](*arguments)
        gradients = tape.gradient(value, arguments, tf.constant(cotangent, self.dtype))
        return np.array(value), [_array(gradient) for gradient in gradients]

    def forward(self, name: str, inputs: Sequence[Array], tangents: Sequence[Array]) -> Array:
        arguments, moves = ([tf.constant(one, self.dtype) for one in several] for several in (inputs, tangents))
        with tf.autodiff.ForwardAccumulator(arguments, moves) as accumulator:
            value = FUNCTIONS[name](*arguments)
        return _array(accumulator.jvp(value))

    def composite(self, points: Array, direction: Array) -> dict[str, Array]:
        x, v = tf.constant(points, self.dtype), tf.constant(direction, self.dtype)
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator, tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = composite(x)
            gradient = inner.gradient(value, x)
        return {
            "value": np.array(value),
            "gradient": np.array(gradient),
            "Hessian product, reverse over reverse": np.array(outer.gradient(gradient, x, v)),
            "Hessian product, forward over reverse": np.array(accumulator.jvp(gradient)),
        }


def composite(points: tf.Tensor) -> tf.Tensor:
    """Return (x₁x₂ sin x₃ + e^(x₁x₂)) / x₃ for points (n, 3)."""
    x1, x2, x3 = tf.unstack(points, axis=1)
    return (x1 * x2 * tf.sin(x3) + tf.exp(x1 * x2)) / x3


def _array(gradient: tf.Tensor | tf.IndexedSlices) -> Array:
    return np.array(tf.convert_to_tensor(gradient))


def _gelu(x: tf.Tensor) -> tf.Tensor:
    """Return the exact GELU; `tf.nn.gelu` rounds √2 to float32 even in float64 (seen in 2.21)."""
    return tf.nn.gelu(x) if x.dtype == tf.float32 else x * (1 + tf.math.erf(x / tf.constant(2**0.5, x.dtype))) / 2


def _layer_norm(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    mean, variance = tf.nn.moments(x, axes=[1], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, shift, scale, NORM_EPSILON)


FUNCTIONS: dict[str, Callable[..., tf.Tensor]] = {
    "exp": tf.exp,
    "expm1": tf.math.expm1,
    "log": tf.math.log,
    "log1p": tf.math.log1p,
    "sqrt": tf.sqrt,
    "rsqrt": tf.math.rsqrt,
    "reciprocal": tf.math.reciprocal,
    "square": tf.square,
    "sin": tf.sin,
    "cos": tf.cos,
    "tan": tf.tan,
    "arctan": tf.atan,
    "sinh": tf.sinh,
    "tanh": tf.tanh,
    "erf": tf.math.erf,
    "sigmoid": tf.sigmoid,
    "softplus": tf.math.softplus,
    "relu": tf.nn.relu,
    "silu": tf.nn.silu,
    "gelu": _gelu,
    "abs": tf.abs,
    "add": tf.add,
    "subtract": tf.subtract,
    "multiply": tf.multiply,
    "divide": tf.divide,
    "power": tf.pow,
    "arctan2": tf.atan2,
    "maximum": tf.maximum,
    "minimum": tf.minimum,
    "where": lambda x, y: tf.where(x > 0, x * y, x - y),
    "sum": lambda x: tf.reduce_sum(x, axis=1),
    "mean": lambda x: tf.reduce_mean(x, axis=1),
    "variance": lambda x: tf.math.reduce_variance(x, axis=1),
    "product": lambda x: tf.reduce_prod(x, axis=1),
    "largest": lambda x: tf.reduce_max(x, axis=1),
    "norm": lambda x: tf.norm(x, axis=1),
    "logsumexp": lambda x: tf.reduce_logsumexp(x, axis=1),
    "cumulative sum": lambda x: tf.cumsum(x, axis=1),
    "cumulative product": lambda x: tf.math.cumprod(x, axis=1),
    "cumulative maximum": lambda x: tf.transpose(tf.scan(tf.maximum, tf.transpose(x))),
    "softmax": tf.nn.softmax,
    "log softmax": tf.nn.log_softmax,
    "cross-entropy": lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits(CLASSES, x),
    "layer norm": _layer_norm,
    "transpose": lambda x: tf.reshape(tf.transpose(x), (6, 8)),
    "slice": lambda x: x[1::2, -3:0:-2],
    "flip": lambda x: tf.reverse(x, axis=[1]),
    "pad": lambda x: tf.pad(x, [(1, 0), (0, 2)]),
    "concatenate": lambda x, y: tf.concat([x, y[None], x], axis=0),
    "gather": lambda x: tf.gather(x, GATHERED),
    "scatter add": lambda x: tf.math.unsorted_segment_sum(x, GATHERED, 7),
    "sort": lambda x: tf.sort(x, axis=1),
    "top 3": lambda x: tf.math.top_k(x, 3).values,
    "matmul": tf.matmul,
    "batched matmul": tf.matmul,
    "conv2d": lambda x, kernel: tf.nn.conv2d(x, kernel, 1, "VALID"),
    "average pool": lambda x: tf.nn.avg_pool2d(x, 2, 2, "VALID"),
    "max pool": lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"),
    "solve": lambda a, b: tf.linalg.solve(8 * tf.eye(5, dtype=a.dtype) + a, b),
    "inverse": lambda a: tf.linalg.inv(8 * tf.eye(5, dtype=a.dtype) + a),
    "determinant": lambda a: tf.linalg.det(tf.eye(5, dtype=a.dtype) + a)[None],
    "clip": lambda x: tf.clip_by_value(x, -1.0, 1.0),
    "guarded reciprocal": lambda x: tf.where(x > 0, 1 / x, 0),
}
