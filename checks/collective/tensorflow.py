"""TensorFlow's `MultiWorkerMirroredStrategy`: one worker per rank, its collectives, and a training under it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.collective.meeting import read_addresses
from checks.collective.training import CLASSES, FEATURES, PART, RATE
from checks.common.tensorflow import prepare

if TYPE_CHECKING:
    from checks.collective.training import Task
    from checks.common.job import Job

Array = np.ndarray[Any, Any]


class Group:
    """A worker of the cluster that TF_CONFIG describes."""

    lacks: dict[str, str]

    def __init__(self, rank: int, world: int, meeting: str, job: Job) -> None:
        self.lacks = {"reduce-scatter": "tf.distribute has no reduce-scatter"}
        cluster = {"worker": read_addresses(meeting)[:world]}
        os.environ["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": rank}})
        prepare(job)
        kinds = tf.distribute.experimental.CommunicationImplementation
        how = kinds.RING if job.device == "cpu" else kinds.NCCL
        options = tf.distribute.experimental.CommunicationOptions(implementation=how)
        self.strategy = tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
        self.world = world
        self.compiled: dict[str, Callable[..., Any]] = {}

    def exchange(self, kind: str, numbers: Array) -> Array:
        if kind == "broadcast":
            return self._broadcast(numbers)
        work = _all_reduce if kind == "all-reduce" else _all_gather
        return np.array(self._run(work, tf.constant(numbers)))

    def _broadcast(self, numbers: Array) -> Array:
        """Make a variable: its first value is rank 0's everywhere."""
        with self.strategy.scope():
            return np.array(tf.Variable(tf.constant(numbers)).values[0])

    def train(self, task: Task) -> list[Array]:
        with self.strategy.scope():
            net = keras.Sequential([keras.layers.Input((FEATURES,)), keras.layers.Dense(CLASSES, use_bias=False)])
            net.set_weights([task.start])
            optimiser = keras.optimizers.SGD(RATE)
        # of a mean Keras divides by the ranks or does not, by its version: written as in TensorFlow's guide
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")

        def step(seen: tf.Tensor, truth: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                each = loss(truth, net(seen, training=True))
                part = tf.nn.compute_average_loss(each, global_batch_size=PART * self.world)
            # an optimiser under a strategy adds the ranks' gradients up
            slopes = tape.gradient(part, net.trainable_variables)
            optimiser.apply_gradients(zip(slopes, net.trainable_variables, strict=True))
            return tf.reduce_mean(each)

        losses = []
        compiled = tf.function(lambda *batch: self.strategy.run(step, args=batch), autograph=False)
        for seen, truth in zip(task.seen.astype(np.float32), task.truth, strict=True):
            losses.append(float(compiled(tf.constant(seen), tf.constant(truth))))
        return [np.array(losses), net.get_weights()[0]]

    def leave(self) -> None:
        self._run(_all_reduce, tf.zeros(1))

    def _run(self, work: Callable[[tf.Tensor], tf.Tensor], given: tf.Tensor) -> tf.Tensor:
        if work.__name__ not in self.compiled:  # traced once for each shape
            self.compiled[work.__name__] = tf.function(
                lambda one: self.strategy.run(work, args=(one,)), autograph=False
            )
        return self.compiled[work.__name__](given)


# tf.identity has a device, which a collective looks for, and what a graph is given has none
def _all_reduce(part: tf.Tensor) -> tf.Tensor:
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(part))


def _all_gather(part: tf.Tensor) -> tf.Tensor:
    return tf.distribute.get_replica_context().all_gather(tf.identity(part), axis=0)
