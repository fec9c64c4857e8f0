"""Programs run in TensorFlow: a generation side by side, in one compiled function with a loop over the examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from checks.common.tensorflow import array
from checks.evolve import TASKS
from checks.evolve.language import (
    CONSTANTS,
    FEATURES,
    INPUT,
    INSTRUCTIONS,
    LABEL,
    LEARN,
    PREDICT,
    PREDICTION,
    SCALARS,
    SETUP,
    VECTORS,
    Operation,
)

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.evolve import Tasks
    from checks.evolve.language import Programs

Array = np.ndarray[Any, Any]
Memory = tuple[tf.Tensor, tf.Tensor]


class Runner:
    """Runs programs on tasks that stay on the device."""

    def __init__(self, tasks: Tasks, job: Job) -> None:  # noqa: ARG002 - every backend gets the job
        self.tasks = [tf.constant(one) for one in (tasks.inputs, tasks.labels, tasks.new_inputs)]

    def predictions(self, programs: Programs) -> Array:
        return array(_predictions(tf.constant(programs), *self.tasks))


@tf.function(
    input_signature=[
        tf.TensorSpec([None, INSTRUCTIONS, 4], tf.int64),
        tf.TensorSpec([TASKS, None, FEATURES], tf.float64),
        tf.TensorSpec([TASKS, None], tf.float64),
        tf.TensorSpec([TASKS, None, FEATURES], tf.float64),
    ]
)
def _predictions(programs: tf.Tensor, inputs: tf.Tensor, labels: tf.Tensor, new_inputs: tf.Tensor) -> tf.Tensor:
    setup, predict, learn = tf.split(programs, [SETUP, PREDICT, LEARN], axis=1)
    count = tf.shape(programs)[0]
    scalars = tf.zeros((count, SCALARS, TASKS), tf.float64)
    vectors = tf.zeros((count, VECTORS, TASKS, FEATURES), tf.float64)
    scalars, vectors = _run(setup, (scalars, vectors))
    for example in tf.range(tf.shape(inputs)[1]):
        scalars, vectors = _run(predict, _shown((scalars, vectors), inputs[:, example]))
        scalars = _put(scalars, tf.fill([count], tf.constant(LABEL, tf.int64)), labels[:, example])
        scalars, vectors = _run(learn, (scalars, vectors))
    found = tf.TensorArray(tf.float64, size=tf.shape(new_inputs)[1])
    for example in tf.range(tf.shape(new_inputs)[1]):
        scalars, vectors = _run(predict, _shown((scalars, vectors), new_inputs[:, example]))
        found = found.write(example, scalars[:, PREDICTION])
    return tf.transpose(found.stack(), (1, 2, 0))


def _run(instructions: tf.Tensor, memory: Memory) -> Memory:
    scalars, vectors = memory
    for instruction in tf.unstack(instructions, axis=1):
        operation, out, a, b = tf.unstack(instruction, axis=1)
        one, other = (tf.gather(scalars, each % SCALARS, axis=1, batch_dims=1) for each in (a, b))
        left, right = (tf.gather(vectors, each % VECTORS, axis=1, batch_dims=1) for each in (a, b))
        there = tf.gather(scalars, out % SCALARS, axis=1, batch_dims=1)
        constant = tf.gather(tf.constant(CONSTANTS, tf.float64), b % len(CONSTANTS))[:, None]
        constant = tf.broadcast_to(constant, tf.shape(one))
        results = [there, one + other, one - other, one * other, tf.reduce_sum(left * right, axis=-1), there, constant]
        chosen = tf.gather(tf.stack(results, axis=1), operation, axis=1, batch_dims=1)
        scalars = _put(scalars, out % SCALARS, chosen)
        target = tf.gather(vectors, out % VECTORS, axis=1, batch_dims=1)
        moves = tf.equal(operation, int(Operation.MOVE))[:, None, None]
        vectors = _put(vectors, out % VECTORS, tf.where(moves, target + one[..., None] * right, target))
    return scalars, vectors


def _put(memory: tf.Tensor, place: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """Return the memory (p, register, …) with `value` in the register `place` (p,) of each program."""
    here = tf.one_hot(place, memory.shape[1], on_value=True, off_value=False)
    here = tf.reshape(here, tf.concat([tf.shape(here), tf.ones(len(memory.shape) - 2, tf.int32)], axis=0))
    return tf.where(here, tf.expand_dims(tf.broadcast_to(value, tf.shape(memory[:, 0])), axis=1), memory)


def _shown(memory: Memory, inputs: tf.Tensor) -> Memory:
    """Return the memory with an example where predict finds it, without the label and the last prediction."""
    scalars, vectors = memory
    count = tf.shape(scalars)[0]
    for place in (LABEL, PREDICTION):
        scalars = _put(scalars, tf.fill([count], tf.constant(place, tf.int64)), tf.zeros((TASKS,), tf.float64))
    return scalars, _put(vectors, tf.fill([count], tf.constant(INPUT, tf.int64)), inputs)
