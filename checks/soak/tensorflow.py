"""Full load in TensorFlow: `tf.matmul` and a comparison in one graph, and int32 variables over the device's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from checks.common.readings import FREE, Gauge
from checks.common.tensorflow import array
from checks.soak.bounds import card_blocks, host_blocks
from checks.soak.patterns import BLOCK

if TYPE_CHECKING:
    from checks.common.job import Job

Array = np.ndarray[Any, Any]


class Device:
    """Two matrices, their product, and blocks that stay where they are."""

    def __init__(self, left: Array, right: Array, job: Job) -> None:
        self.left, self.right = (tf.constant(one, tf.float32) for one in (left, right))
        free = Gauge(job.device).read().get(FREE) if job.device != "cpu" else None
        # a card whose driver does not tell gets as much as a host
        count = host_blocks(job.profile, job.minutes) if free is None else card_blocks(int(free))
        self.memory = [tf.Variable(tf.zeros(BLOCK, tf.int32)) for _ in range(count)]

    def multiply(self) -> Array:
        return array(tf.matmul(self.left, self.right))

    def keep(self, product: Array) -> None:
        self.right_product = tf.constant(product)

    def wrong(self) -> Array | None:
        product, same = self._step()
        return None if bool(same) else array(product)

    @tf.function(autograph=False)
    def _step(self) -> tuple[tf.Tensor, tf.Tensor]:
        # a product of constants would be computed once, when the graph is optimised: these are captured as inputs
        product = tf.matmul(self.left, self.right)
        return product, tf.reduce_all(product == self.right_product)

    def blocks(self) -> int:
        return len(self.memory)

    def fill(self, number: int, pattern: Array) -> None:
        self.memory[number].assign(pattern)

    def differs(self, number: int, pattern: Array) -> Array | None:
        same = bool(tf.reduce_all(self.memory[number] == tf.constant(pattern)))
        return None if same else array(self.memory[number])
