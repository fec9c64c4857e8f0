"""Keras's `dot_product_attention`, plain and flash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.common.no_kernel import lacks_kernel
from checks.transformer.attention import Attended, Kernel, Unavailable

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.no_kernel import lacks_kernel
from checks.transformer.attention import Case

Array = np.ndarray[Any, Any]

_NONE = ("not supported in tensorflow backend", "unexpected keyword argument 'flash_attention'")


def kernels(job: Job) -> list[Kernel]:
    """Return Keras's ways to attend, in float32 and in bfloat16, whose sums `tf.einsum` keeps no longer on a CPU."""
    return [
        Kernel(f"{name} {precision}", digits, _Attention(precision, flash=flash), digits if job.device == "cpu" else 24)
        for name, flash in (("dot_product_attention", False), ("flash", True))
        for precision, digits in (("float32", 24), ("bfloat16", 8))
    ]


class _Attention:
    """`keras.ops.dot_product_attention` in one precision."""

    def __init__(self, precision: str, *, flash: bool) -> None:
        self.precision, self.flash = precision, flash

    def __call__(self, case: Case) -> Attended:
        try:
            return self._attend(case)
        except tf.errors.OpError as error:
            if self.precision == "float32" or not lacks_kernel(error):
                raise
            raise Unavailable(error.message.partition("\n")[0]) from error

    def _attend(self, case: Case) -> Attended:
        q, k, v, slope = (self._tensor(array) for array in (case.q, case.k, case.v, case.slope))
        with tf.GradientTape() as tape:
            tape.watch([q, k, v])
            try:
                result = keras.ops.dot_product_attention(
                    q,
                    k,
                    v,
                    mask=case.seen if case.mask == "padding mask" else None,
                    is_causal=case.mask == "causal mask",
                    **({"flash_attention": True} if self.flash else {}),
                )
            except (ValueError, TypeError) as error:
                if not self.flash or not any(sign in str(error) for sign in _NONE):
                    raise
                raise Unavailable("Keras has none on TensorFlow") from error
        gradients = tape.gradient(result, [q, k, v], slope)
        return Attended(tuple(np.array(tf.cast(x, tf.float32)).swapaxes(1, 2) for x in (result, *gradients)))

    def _tensor(self, array: Array) -> tf.Tensor:
        """Return (n, h, t, e) as Keras wants it: (n, t, h, e)."""
        return tf.cast(array.swapaxes(1, 2), self.precision)
