"""TensorFlow by its own means: `tf.data`, Keras's `Dropout` and `SGD`, variables as checkpoint, random functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework import config

from checks.determinism import BATCH, CLASSES, DROPOUT, EPOCHS, EXAMPLES, FEATURES, HIDDEN, LEARNING_RATE, MOMENTUM
from checks.determinism.framework_specific.tensorflow import observe_own as observe_own  # noqa: PLC0414
from checks.determinism.kernels.tensorflow import kernels as kernels  # noqa: PLC0414 - part of a backend
from checks.determinism.operations.tensorflow import operations as operations  # noqa: PLC0414 - part of a backend

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.determinism import Data
    from checks.determinism.bit_equality import Trail

Array = np.ndarray[Any, Any]

threads = None  # TensorFlow's threads are settled before its first operation


class Training:
    """Everything that goes on from step to step."""

    def __init__(self, data: Data, seed: int, workers: int) -> None:
        self.data, self.seed, self.workers = data, seed, workers
        self.losses: list[float] = []
        self.net = keras.Sequential(
            [
                keras.layers.Dense(HIDDEN, activation="relu"),
                keras.layers.Dropout(DROPOUT),
                keras.layers.Dense(CLASSES),
            ]
        )
        self.net.build((None, FEATURES))
        self.loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.optimiser = keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM)
        self.optimiser.build(self.net.trainable_variables)

    def loader(self, epoch: int) -> tf.data.Dataset:
        """Return an epoch's batches; the loader's only state is the number of the epoch."""
        examples = tf.data.Dataset.from_tensor_slices((self.data.features, self.data.classes))
        shuffled = examples.shuffle(EXAMPLES, seed=1000 * self.seed + epoch)
        if self.workers:
            shuffled = shuffled.map(lambda *pair: pair, num_parallel_calls=self.workers, deterministic=True)
        return shuffled.batch(BATCH)

    def epoch(self, number: int) -> None:
        for features, classes in self.loader(number):
            with tf.GradientTape() as tape:
                loss = self.loss(classes, self.net(features, training=True))
            gradients = tape.gradient(loss, self.net.trainable_variables)
            self.optimiser.apply_gradients(zip(gradients, self.net.trainable_variables, strict=True))
            self.losses.append(float(loss))

    def save(self) -> tuple[list[Array], list[float]]:
        """Return a checkpoint with all that the coming steps depend on; dropout's random state is a variable too."""
        return [np.array(variable) for variable in self._variables()], list(self.losses)

    def load(self, state: tuple[list[Array], list[float]]) -> None:
        values, self.losses = state
        for variable, value in zip(self._variables(), values, strict=True):
            variable.assign(value)

    def _variables(self) -> list[keras.Variable]:
        return [*self.net.variables, *self.optimiser.variables]


def train(job: Job, data: Data, *, seed: int, workers: int = 0, resume: bool = False) -> Trail:  # noqa: ARG001
    """Train by the loader's shuffling and dropout's drawing; see `Backend`."""
    keras.utils.set_random_seed(seed)
    training = Training(data, seed, workers)
    start = np.array(training.net.trainable_variables[0])
    for epoch in range(EPOCHS):
        if resume and epoch == EPOCHS // 2:
            saved = training.save()
            keras.utils.set_random_seed(seed)  # as a new process begins; the rest must come from the checkpoint
            training = Training(data, seed, workers)
            training.load(saved)
        training.epoch(epoch)
    return {"start": start, "losses": np.array(training.losses)} | {
        f"weight {number}": np.array(weight) for number, weight in enumerate(training.net.trainable_variables)
    }


def draw(job: Job, seed: int) -> dict[str, Array]:  # noqa: ARG001 - TensorFlow sees this job's device alone
    """Draw from each random function, seeded anew."""
    key = [seed, 0]
    functions: dict[str, Callable[[], tf.Tensor]] = {
        "stateless_uniform": lambda: tf.random.stateless_uniform([1000], key),
        "stateless_normal": lambda: tf.random.stateless_normal([1000], key),
        "uniform": lambda: tf.random.uniform([1000], seed=seed),
        "normal": lambda: tf.random.normal([1000], seed=seed),
        "shuffle": lambda: tf.random.shuffle(tf.range(1000), seed=seed),
        "Generator": lambda: tf.random.Generator.from_seed(seed).normal([1000]),
        "GlorotUniform": lambda: keras.initializers.GlorotUniform(seed)((40, 25)),
        "HeNormal": lambda: keras.initializers.HeNormal(seed)((40, 25)),
    }
    found = {}
    for name, function in functions.items():
        keras.utils.set_random_seed(seed)
        found[name] = np.array(function())
    return found


def switch(job: Job, on: bool) -> None:  # noqa: ARG001 - every backend gets the job
    """Turn op determinism on or off; for off there is no public function."""
    if on:
        tf.config.experimental.enable_op_determinism()
    else:
        config.disable_op_determinism()
