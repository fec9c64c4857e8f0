"""What a user's function returns, as a subject, in JAX: parameters and a function that applies them, compiled.

``apply(parameters, *inputs)`` is given ``train=`` and ``rng=`` too, if it has arguments of these names: a model with
dropout needs both.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from checks.common.jax import array, dtype, x64
from checks.training_recipe import ramp
from checks.training_recipe.contract import RATE, require, seed_python, take_apart
from checks.training_recipe.wide import Seen, seen

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.training_recipe import Rows

Array = np.ndarray[Any, Any]


class Subject:
    """Parameters with the function that applies them, the loss, optimiser and batch."""

    def __init__(self, build: Callable[[], object], job: Job) -> None:
        seed_python(job.seed)
        parts = take_apart(build())
        pair = isinstance(parts.model, tuple | list) and len(parts.model) == 2 and callable(parts.model[1])
        require(pair, "the model must be the pair (parameters, apply)", parts.model)
        require(callable(parts.loss), "the loss must be a function of outputs and targets", parts.loss)
        self._kind = dtype(job)
        parameters, self._apply = parts.model
        self._start = jax.tree.map(self._tensor, parameters)
        self._inputs = jax.tree.map(self._tensor, parts.inputs)
        self._targets = self._tensor(parts.targets)
        require(bool(jax.tree.leaves(self._inputs)), "the first input must be an array of rows", parts.inputs)
        self._loss = parts.loss
        self.independent = parts.independent
        self._optimizer = parts.optimizer or optax.adam(RATE)
        require(hasattr(self._optimizer, "update"), "the optimizer must be an optax.GradientTransformation", parts[4])
        self._extras = {*inspect.signature(self._apply).parameters} & {"train", "rng"}
        self._key = jax.random.key(job.seed)
        self._run = jax.jit(self._called, static_argnames="training")
        self._slope = jax.jit(jax.grad(self._lost))
        self._value = jax.jit(self._lost)
        self._train = jax.jit(self._stepped)
        self._parameters, self._memory, self._passes = self._start, self._optimizer.init(self._start), 0

    @property
    def inputs(self) -> Array:
        return array(self._first())

    @property
    def targets(self) -> Array:
        return array(self._targets)

    def outputs(self, rows: Rows | None = None, *, training: bool = False) -> Array:
        return array(self._run(self._parameters, self._of(rows), self._drawn(), training=training))

    def loss(self, rows: Rows | None = None, *, blank: bool = False) -> float:
        inputs = self._with(jnp.zeros_like(self._first())) if blank else self._of(rows)
        return float(self._value(self._parameters, inputs, self._asked(rows)))

    def gradients(self, rows: Rows | None = None) -> dict[str, Array | None]:
        return _named(self._slope(self._parameters, self._of(rows), self._asked(rows)))

    def reach(self, row: int) -> Array | None:
        first = self._first()
        if not jnp.issubdtype(first.dtype, jnp.floating):
            return None

        def weighted(first: jax.Array) -> jax.Array:
            output = self._called(self._parameters, self._with(first), self._key)[row].reshape(-1)
            return output @ jnp.asarray(ramp(len(output)), output.dtype)

        slope = jax.grad(weighted)(first)
        return np.abs(array(slope)).reshape(len(first), -1).max(axis=1)

    def exchanged(self, row: int, by: int) -> Array:
        first = self._first()
        return array(self._run(self._parameters, self._with(first.at[row].set(first[by])), self._key))

    def step(self, *, blank: bool = False) -> float:
        inputs = self._with(jnp.zeros_like(self._first())) if blank else self._inputs
        self._passes += 1
        given = self._parameters, self._memory, inputs, self._key, self._passes
        self._parameters, self._memory, loss = self._train(*given)
        return float(loss)

    def weights(self) -> dict[str, Array]:
        return {name: one for name, one in _named(self._parameters).items() if one is not None}

    def reset(self) -> None:
        self._parameters, self._memory, self._passes = self._start, self._optimizer.init(self._start), 0

    def in_float64(self, build: Callable[[], object], job: Job) -> Seen:
        with x64(True):
            wide = type(self)(build, dataclasses.replace(job, precision="float64"))
            # drawn anew in float64, numbers may be others
            wide._parameters = jax.tree.map(wide._tensor, self._parameters)
            wide._inputs, wide._targets = jax.tree.map(wide._tensor, (self._inputs, self._targets))
            return seen(wide)

    def _drawn(self) -> jax.Array:
        """Return another key for every pass."""
        self._passes += 1
        return jax.random.fold_in(self._key, self._passes)

    def _stepped(
        self, parameters: Any, memory: Any, inputs: Any, key: jax.Array, number: jax.Array
    ) -> tuple[Any, Any, jax.Array]:
        lost = partial(self._lost, key=jax.random.fold_in(key, number), training=True)
        loss, slopes = jax.value_and_grad(lost)(parameters, inputs, self._targets)
        updates, memory = self._optimizer.update(slopes, memory, parameters)
        return optax.apply_updates(parameters, updates), memory, loss

    def _lost(
        self, parameters: Any, inputs: Any, targets: jax.Array, key: jax.Array | None = None, *, training: bool = False
    ) -> jax.Array:
        loss = self._loss(self._called(parameters, inputs, key, training=training), targets)
        require(np.size(loss) == 1, "the loss must be one number, a mean or a sum", loss)
        return jnp.reshape(loss, ())

    def _called(self, parameters: Any, inputs: Any, key: jax.Array | None, *, training: bool = False) -> jax.Array:
        extras = {"train": training, "rng": key}
        words = {name: value for name, value in extras.items() if name in self._extras}
        if isinstance(inputs, dict):
            found = self._apply(parameters, **inputs, **words)
        else:
            found = self._apply(parameters, *(inputs if isinstance(inputs, tuple | list) else [inputs]), **words)
        found = found[0] if isinstance(found, tuple) else found
        require(isinstance(found, jax.Array), "apply must return an array, or a tuple that begins with one", found)
        return found

    def _first(self) -> jax.Array:
        first: jax.Array = jax.tree.leaves(self._inputs)[0]
        return first

    def _with(self, first: jax.Array) -> Any:
        """Return the inputs with another first one."""
        leaves, tree = jax.tree.flatten(self._inputs)
        return jax.tree.unflatten(tree, [first, *leaves[1:]])

    def _of(self, rows: Rows | None) -> Any:
        """Return these rows of each input that has one for each row of the batch, and any other as it is."""
        count = len(self._first())
        return self._inputs if rows is None else jax.tree.map(lambda one: _rows(one, rows, count), self._inputs)

    def _asked(self, rows: Rows | None) -> jax.Array:
        return self._targets if rows is None else self._targets[rows]

    def _tensor(self, value: Any) -> jax.Array:
        tensor = jnp.asarray(value)
        return tensor.astype(self._kind) if jnp.issubdtype(tensor.dtype, jnp.floating) else tensor


def _rows(value: jax.Array, rows: Rows, count: int) -> jax.Array:
    return value[rows] if value.ndim and len(value) == count else value


def _named(tree: Any) -> dict[str, Array | None]:
    """Return the leaves by their path."""
    return {jax.tree_util.keystr(path): array(leaf) for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]}
