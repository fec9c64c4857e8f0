"""Operations in TensorFlow and Keras: eager, as a graph, and compiled by XLA in full runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from checks.common.job import Job
from checks.common.tensorflow import array, dtype
from checks.operations.engine import Array, Task
from checks.operations.program import as_tuple

NAMES: Mapping[str, Any] = {"tf": tf, "keras": keras, "np": np}
ISOLATED = True
SLOW_START = frozenset[str]()


def modes(job: Job) -> tuple[str, ...]:
    """Return the modes; tracing takes a tenth of a second per operation, XLA more."""
    return ("eager", "graph", "xla") if job.profile == "full" else ("eager",)


def run(task: Task, job: Job) -> list[Array]:
    """Run the operation and return its gradients."""
    keras.utils.set_random_seed(job.seed)
    inputs = [_tensor(value, job) for value in task.inputs.values()]
    task.began("forward")
    if task.mode == "eager":
        return _run(task, inputs, task.function)
    whole = tf.function(lambda *given: _both(task, given), autograph=False, jit_compile=task.mode == "xla" or None)
    if task.alone:
        alone = tf.function(task.function, autograph=False, jit_compile=task.mode == "xla" or None)
        task.got([array(one) for one in as_tuple(alone(*inputs))])
    outputs, gradients = whole(*inputs)
    if not task.alone:
        task.got([array(one) for one in outputs])
    if task.wrt:
        task.began("backward")
    return [array(one) for one in gradients]


def _run(task: Task, inputs: list[Any], function: Callable[..., Any]) -> list[Array]:
    watched = [one for name, one in zip(task.inputs, inputs, strict=True) if name in task.wrt]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(watched)
        outputs = as_tuple(function(*inputs))
    task.got([array(one) for one in outputs])
    if not task.wrt:
        return []
    task.began("backward")
    return [array(one) for one in _gradients(task, tape, outputs, watched)]


def _both(task: Task, inputs: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """Return outputs and gradients, for one graph of both."""
    watched = [one for name, one in zip(task.inputs, inputs, strict=True) if name in task.wrt]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(watched)
        outputs = as_tuple(task.function(*inputs))
    return outputs, _gradients(task, tape, outputs, watched) if task.wrt else []


def _gradients(task: Task, tape: tf.GradientTape, outputs: tuple[Any, ...], watched: list[Any]) -> list[Any]:
    pairs = [(one, given) for one, given in zip(outputs, task.cotangents, strict=True) if given is not None]
    found = tape.gradient(
        [one for one, _ in pairs],
        watched,
        output_gradients=[tf.cast(tf.constant(given), one.dtype) for one, given in pairs],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    return [tf.convert_to_tensor(one) for one in found]


def _tensor(value: Array, job: Job) -> Any:
    return tf.cast(tf.constant(value), dtype(job)) if value.dtype == np.float64 else tf.constant(value)
