"""What a user's function returns, as a subject, in TensorFlow: a Keras model, with compiled steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.common.tensorflow import array, dtype
from checks.training_recipe import ramp
from checks.training_recipe.contract import RATE, require, seed_python, take_apart
from checks.training_recipe.wide import Seen, seen

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.training_recipe import Rows

Array = np.ndarray[Any, Any]


class Subject:
    """A Keras model with its loss, optimiser and batch."""

    def __init__(self, build: Callable[[], object], job: Job) -> None:
        seed_python(job.seed)
        keras.utils.set_random_seed(job.seed)
        parts = take_apart(build())
        require(isinstance(parts.model, keras.Model), "the model must be a keras.Model", parts.model)
        self._model, self._kind = parts.model, dtype(job)
        self._inputs = tf.nest.map_structure(self._tensor, parts.inputs)
        self._targets = self._tensor(parts.targets)
        require(self._first().shape.rank > 0, "the first input must be a tensor of rows", parts.inputs)
        self._model(self._inputs)  # Keras makes the weights on the first call
        self._loss = _loss(parts.loss, self._model)
        self.independent = parts.independent
        self._optimizer = parts.optimizer or getattr(self._model, "optimizer", None) or keras.optimizers.Adam(RATE)
        self._optimizer.build(self._model.trainable_variables)
        self._start = [array(one) for one in (*self._model.variables, *self._optimizer.variables)]
        self._train = tf.function(self._stepped)
        self._run = tf.function(lambda inputs, training: self._called(inputs, training=training))

    @property
    def inputs(self) -> Array:
        return array(self._first())

    @property
    def targets(self) -> Array:
        return array(self._targets)

    def outputs(self, rows: Rows | None = None, *, training: bool = False) -> Array:
        return array(self._run(self._of(rows), training))

    def loss(self, rows: Rows | None = None, *, blank: bool = False) -> float:
        inputs = self._with(tf.zeros_like(self._first())) if blank else self._of(rows)
        return float(self._lost(self._run(inputs, False), rows))

    def gradients(self, rows: Rows | None = None) -> dict[str, Array | None]:
        variables = self._model.trainable_variables
        with tf.GradientTape() as tape:
            loss = self._lost(self._called(self._of(rows), training=False), rows)
        found = zip(variables, tape.gradient(loss, variables), strict=True)
        return {f"{place} {one.path}": _array(slope) for place, (one, slope) in enumerate(found)}

    def reach(self, row: int) -> Array | None:
        first = self._first()
        if not first.dtype.is_floating:
            return None
        with tf.GradientTape() as tape:
            tape.watch(first)
            output = tf.reshape(self._called(self._with(first), training=False)[row], [-1])
            total = tf.reduce_sum(output * tf.cast(ramp(len(output)), output.dtype))
        slope = tape.gradient(total, first)
        return np.zeros(len(first)) if slope is None else np.abs(array(slope)).reshape(len(first), -1).max(axis=1)

    def exchanged(self, row: int, by: int) -> Array:
        first = array(self._first())
        first[row] = first[by]
        return array(self._run(self._with(tf.constant(first)), False))

    def step(self, *, blank: bool = False) -> float:
        return float(self._train(self._with(tf.zeros_like(self._first())) if blank else self._inputs))

    def weights(self) -> dict[str, Array]:
        return {f"{place} {one.path}": array(one) for place, one in enumerate(self._model.trainable_variables)}

    def reset(self) -> None:
        for variable, start in zip((*self._model.variables, *self._optimizer.variables), self._start, strict=True):
            variable.assign(start)

    def in_float64(self, build: Callable[[], object], job: Job) -> Seen:
        with _floatx("float64"):
            wide = type(self)(build, dataclasses.replace(job, precision="float64"))
            for one, ours in zip(wide._model.variables, self._model.variables, strict=True):
                one.assign(tf.cast(array(ours), one.dtype))
            wide._inputs, wide._targets = tf.nest.map_structure(wide._tensor, (self._inputs, self._targets))
            return seen(wide)

    def _stepped(self, inputs: Any) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = self._lost(self._called(inputs, training=True), None)
        self._optimizer.apply(tape.gradient(loss, self._model.trainable_variables))
        return loss

    def _lost(self, outputs: tf.Tensor, rows: Rows | None) -> tf.Tensor:
        """Return the loss, with what layers add to it; a Keras loss function gives one number per row."""
        targets = self._targets if rows is None else tf.gather(self._targets, rows)
        loss = tf.reduce_mean(self._loss(targets, outputs))
        return tf.add_n([loss, *(tf.cast(one, loss.dtype) for one in self._model.losses)])

    def _called(self, inputs: Any, *, training: bool) -> tf.Tensor:
        found = self._model(inputs, training=training)
        found = found[0] if isinstance(found, tuple | list) else found
        require(tf.is_tensor(found), "the model must return a tensor, or a list that begins with one", found)
        return found

    def _first(self) -> tf.Tensor:
        return tf.nest.flatten(self._inputs)[0]

    def _with(self, first: tf.Tensor) -> Any:
        """Return the inputs with another first one."""
        return tf.nest.pack_sequence_as(self._inputs, [first, *tf.nest.flatten(self._inputs)[1:]])

    def _of(self, rows: Rows | None) -> Any:
        """Return these rows of each input that has one for each row of the batch, and any other as it is."""
        if rows is None:
            return self._inputs
        count = len(self._first())
        return tf.nest.map_structure(
            lambda one: tf.gather(one, rows) if one.shape.rank and len(one) == count else one, self._inputs
        )

    def _tensor(self, value: Any) -> tf.Tensor:
        tensor = tf.convert_to_tensor(value)
        return tf.cast(tensor, self._kind) if tensor.dtype.is_floating else tensor


@contextmanager
def _floatx(kind: str) -> Iterator[None]:
    """Have layers, losses and policies that are made meanwhile be of this type, unless they name another."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(kind)
    keras.config.set_dtype_policy(kind)
    try:
        yield
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


def _loss(given: Any, model: keras.Model) -> Callable[..., tf.Tensor]:
    """Return the loss that was given, by name or as a function, or the one the model was compiled with."""
    given = getattr(model, "loss", None) if given is None else given
    require(given is not None, "the loss must be given where the model is not compiled", given)
    loss: Callable[..., tf.Tensor] = keras.losses.get(given)
    return loss


def _array(slope: Any) -> Array | None:
    return None if slope is None else array(slope)
