"""TensorFlow's operations that were, or are, without a deterministic kernel, and some that op determinism replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from checks.common.draw import integers, uniform
from checks.determinism.operations import Operations, Refused

if TYPE_CHECKING:
    from checks.common.job import Job

Array = np.ndarray[Any, Any]
_MANY, _PLACES = 1 << 13, 64


class Inputs:
    """Drawn tensors."""

    def __init__(self, job: Job) -> None:
        self.seed = job.seed

    def numbers(self, *shape: int) -> tf.Tensor:
        """Return numbers in [-1, 1)."""
        return tf.constant(uniform(self.seed, f"numbers {shape}", shape).astype(np.float32))

    def places(self, *shape: int) -> tf.Tensor:
        """Return numbers from 0 to 63, many of them many times."""
        return tf.constant(integers(self.seed, f"places {shape}", shape, bits=6))


def _slope(function: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    """Return the gradient of Σ function(x)² / 2 by `x`."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        result = function(x)
    return tf.convert_to_tensor(tape.gradient(result, x, tf.stop_gradient(result)))


def _plain(function: Callable[[Inputs], tf.Tensor]) -> Callable[[Job], Sequence[Array]]:
    """Run `function` on the inputs of a job; a refusal by the switch is reported as such."""

    def run(job: Job) -> Sequence[Array]:
        try:
            return [np.array(function(Inputs(job)))]
        except tf.errors.UnimplementedError as error:
            if "determinis" not in error.message:
                raise
            raise Refused(error.message) from error

    return run


def _back(function: Callable[[tf.Tensor], tf.Tensor], *shape: int) -> Callable[[Job], Sequence[Array]]:
    """Take the slope of `function` by one tensor of `shape`."""
    return _plain(lambda inputs: _slope(function, inputs.numbers(*shape)))


def _batch_norm(x: tf.Tensor) -> tf.Tensor:
    ones = tf.ones(x.shape[-1])
    return tf.compat.v1.nn.fused_batch_norm(x, ones, 0 * ones, 0 * ones, ones, is_training=False)[0]


def _crop(x: tf.Tensor) -> tf.Tensor:
    boxes = tf.constant([[0.1, 0.1, 0.8, 0.9], [0.0, 0.2, 0.7, 1.0]])
    return tf.image.crop_and_resize(x, boxes, [0, 1], [12, 12])


def _sparse_matmul(inputs: Inputs) -> tf.Tensor:
    indices = tf.stack([inputs.places(1024), tf.range(1024, dtype=tf.int64)], axis=1)
    sparse = tf.sparse.reorder(tf.SparseTensor(indices, inputs.numbers(1024), [_PLACES, 1024]))
    return tf.sparse.sparse_dense_matmul(sparse, inputs.numbers(1024, 16))


def _unsorted(inputs: Inputs) -> tf.Tensor:
    return tf.math.unsorted_segment_sum(inputs.numbers(_MANY), inputs.places(_MANY), _PLACES)


def _scatter(inputs: Inputs) -> tf.Tensor:
    return tf.scatter_nd(inputs.places(_MANY)[:, None], inputs.numbers(_MANY), [_PLACES])


_FORWARD: dict[str, Callable[[Inputs], tf.Tensor]] = {
    "unsorted_segment_sum": _unsorted,
    "segment_sum": lambda i: tf.math.segment_sum(i.numbers(_MANY), tf.sort(i.places(_MANY))),
    "scatter_nd": _scatter,
    "tensor_scatter_nd_add": lambda i: tf.tensor_scatter_nd_add(
        tf.zeros(_PLACES), i.places(_MANY)[:, None], i.numbers(_MANY)
    ),
    "bincount with weights": lambda i: tf.math.bincount(
        tf.cast(i.places(_MANY), tf.int32), i.numbers(_MANY), minlength=_PLACES
    ),
    "sparse_dense_matmul": _sparse_matmul,
    "adjust_contrast": lambda i: tf.image.adjust_contrast(i.numbers(2, 16, 16, 3), 1.5),
    "reduce_sum": lambda i: tf.reduce_sum(i.numbers(_MANY * 8)),
    "cumsum": lambda i: tf.cumsum(i.numbers(_MANY)),
}
_BACKWARD: dict[str, tuple[Callable[[tf.Tensor], tf.Tensor], tuple[int, ...]]] = {
    "fused_batch_norm, not training": (_batch_norm, (4, 8, 8, 16)),
    "crop_and_resize": (_crop, (2, 16, 16, 3)),
    "resize nearest": (lambda x: tf.image.resize(x, [21, 21], method="nearest"), (2, 9, 9, 4)),
    "resize bilinear": (lambda x: tf.image.resize(x, [21, 21]), (2, 9, 9, 4)),
    "resize bicubic": (lambda x: tf.image.resize(x, [21, 21], method="bicubic"), (2, 9, 9, 4)),
    "gather": (lambda x: tf.gather(x, tf.range(_MANY) % _PLACES), (_PLACES,)),
    "bias_add": (lambda x: tf.nn.bias_add(tf.ones([512, 64]), x), (64,)),
    "conv2d": (lambda x: tf.nn.conv2d(x, x[0, :3, :3, :, None] + tf.ones(8), 1, "SAME"), (8, 16, 16, 8)),
    "depthwise_conv2d": (lambda x: tf.nn.depthwise_conv2d(x, tf.ones([3, 3, 8, 1]), [1] * 4, "SAME"), (8, 16, 16, 8)),
    "max_pool": (lambda x: tf.nn.max_pool2d(x, 3, 1, "SAME"), (8, 16, 16, 8)),
    "softmax_cross_entropy": (lambda x: tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(-x), x), (128, 64)),
}

operations: Operations = {name: _plain(function) for name, function in _FORWARD.items()} | {
    f"{name}, slope": _back(function, *shape) for name, (function, shape) in _BACKWARD.items()
}
