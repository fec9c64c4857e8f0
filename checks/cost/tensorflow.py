"""TensorFlow's counter (the profiler's ``float_operation`` of a graph), its products and its allocator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

from checks.boundary import draw_weights, plane
from checks.boundary.tensorflow import Network
from checks.common.tensorflow import dtype
from checks.cost.host_memory import peak_resident

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.common.job import Job

COUNTS = "everything"


def counted(job: Job) -> float:
    """Return what the profiler counts in the graph of one step."""
    sample, network = plane.draw(job.seed), Network(draw_weights(job.seed), job)
    graph = network.graph_of_step(
        tf.constant(sample.points, dtype(job)), tf.constant(sample.labels[:, None], dtype(job))
    )
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation()).with_empty_output().build()
    return float(profiler.profile(graph, options=options).total_float_ops)


@tf.function(autograph=False)
def _product(left: tf.Tensor) -> tf.Tensor:
    return tf.matmul(left, left)


def product(side: int, job: Job) -> Callable[[], object]:  # noqa: ARG001 - every backend takes it
    """Multiply, and wait for the product."""
    left = tf.fill((side, side), 0.5)

    def multiply() -> None:
        _product(left)
        tf.test.experimental.sync_devices()

    return multiply


def peak(job: Job) -> float:
    """Return the most that the allocator has held on a GPU."""
    return peak_resident() if job.device == "cpu" else float(tf.config.experimental.get_memory_info("GPU:0")["peak"])
