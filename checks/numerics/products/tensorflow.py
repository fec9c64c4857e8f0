"""TensorFlow's ways to multiply matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from checks.numerics.products import FLOAT8_SUMS, Product, Unavailable, unavailable_without_kernel

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from checks.common.job import Job

Array = np.ndarray[Any, Any]
_FLOAT8 = tf.dtypes.experimental.float8_e4m3fn


def products(job: Job) -> list[Product]:
    """Return products in every format, and those in float32 by every way that uses separate kernels.

    `tf.einsum`, by which Keras attends, keeps sums of bfloat16 in bfloat16 on some processors (seen on one with AVX2).
    """
    ways: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
        "matmul": tf.matmul,
        "batched matmul": lambda a, b: tf.matmul(tf.stack([a, a]), tf.stack([b, b]))[1],
        "linear": lambda a, b: tf.nn.bias_add(a @ b, tf.zeros(b.shape[1])),
        "convolution": _convolution,
        "matmul compiled by XLA": tf.function(tf.matmul, jit_compile=True),
    }
    plain = [Product(f"float32 {name}", _Run(tf.float32, way)) for name, way in ways.items()]
    return [
        *plain,
        Product("float32 matmul, TF32 allowed", _Run(tf.float32, tf.matmul, tf32), 11, holds=24),
        Product("float64 matmul", _Run(tf.float64, tf.matmul), 53, 1023, 53),
        Product("bfloat16 matmul", _Run(tf.bfloat16, tf.matmul), 8),
        Product("bfloat16 einsum", _Run(tf.bfloat16, _einsum), 8, sums=8 if job.device == "cpu" else 24),
        Product("float16 matmul", _Run(tf.float16, tf.matmul), 11, 15),
        Product("float8_e4m3fn matmul", _Run(_FLOAT8, _float8), 4, 8, FLOAT8_SUMS, even=True),
    ]


class _Run:
    """A product in one format, under the switches that it is about."""

    def __init__(
        self,
        dtype: tf.DType,
        way: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
        switches: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.dtype, self.way, self.switches = dtype, way, switches

    def __call__(self, left: Array, right: Array) -> Array:
        with self.switches(), unavailable_without_kernel(half=self.dtype.size < 4):
            a, b = (tf.cast(tf.constant(array), self.dtype) for array in (left, right))
            return np.array(tf.cast(self.way(a, b), tf.float64))


@contextmanager
def tf32() -> Iterator[None]:
    """Allow TF32."""
    tf.config.experimental.enable_tensor_float_32_execution(True)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(False)


def _convolution(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Return the product as a convolution of one pixel: channels are what is summed over."""
    return tf.nn.conv2d(a[None, :, None], b[None, None], 1, "VALID")[0, :, 0]


def _einsum(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    return tf.einsum("ik,kj->ij", a, b)


def _float8(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    try:
        return tf.matmul(a, b)
    except (tf.errors.InvalidArgumentError, tf.errors.NotFoundError) as error:
        raise Unavailable("TensorFlow has no product of float8 numbers") from error
