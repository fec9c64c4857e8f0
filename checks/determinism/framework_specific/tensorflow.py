"""TensorFlow's own: graphs, their optimiser, XLA, and maps that need not keep their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from checks.determinism.kernels import draw_matrix, draw_rows

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.determinism import Data

Array = np.ndarray[Any, Any]


def observe_own(job: Job, data: Data, record: Recorder) -> None:  # noqa: ARG001 - every backend gets the data
    """Observe each in turn."""
    rows, matrix = tf.constant(draw_rows(job.seed)), tf.constant(draw_matrix(job.seed))
    eager = np.array(_slope(rows, matrix))
    record.observe("training", "tf.function", _compare(tf.function(_slope), rows, matrix, eager))
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    record.observe("training", "tf.function, graph not optimised", _compare(tf.function(_slope), rows, matrix, eager))
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})
    record.observe("training", "XLA", _compare(tf.function(_slope, jit_compile=True), rows, matrix, eager))
    record.observe("training", "map with deterministic=False", _order())


def _slope(rows: tf.Tensor, matrix: tf.Tensor) -> tf.Tensor:
    """Return the gradient of a small network's output by its matrix."""
    with tf.GradientTape() as tape:
        tape.watch(matrix)
        hidden = tf.nn.softmax(tf.nn.gelu(rows @ matrix))
        total = tf.reduce_sum(hidden * hidden * tf.exp(hidden))
    return tape.gradient(total, matrix)


def _compare(function: tf.types.experimental.GenericFunction, rows: tf.Tensor, matrix: tf.Tensor, eager: Array) -> str:
    return "same bits as eager" if np.array_equal(np.array(function(rows, matrix)), eager) else "other bits than eager"


def _order() -> str:
    """Say whether a parallel map that may change the order does so while op determinism is on."""
    numbers = tf.data.Dataset.range(1000)
    mapped = numbers.map(lambda number: number * 2, num_parallel_calls=4, deterministic=False)
    kept = [int(number) for number in mapped] == list(range(0, 2000, 2))
    return "keeps its order" if kept else "another order"
