"""Programs run in JAX: one program on one task as a function, scanned over the examples, mapped over both, compiled.

It computes in float64, whatever `jax_enable_x64` says for the rest of the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from checks.common.jax import x64
from checks.evolve.language import (
    CONSTANTS,
    FEATURES,
    INPUT,
    LABEL,
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
Memory = tuple[jax.Array, jax.Array]


class Runner:
    """Runs programs on tasks."""

    def __init__(self, tasks: Tasks, job: Job) -> None:  # noqa: ARG002 - every backend gets the job
        self.tasks = tasks.inputs, tasks.labels, tasks.new_inputs

    def predictions(self, programs: Programs) -> Array:
        with x64(True):
            return np.array(predictions(programs, *self.tasks))


def program_on_task(program: jax.Array, inputs: jax.Array, labels: jax.Array, new_inputs: jax.Array) -> jax.Array:
    """Return what one program predicts of the new inputs (example,)."""
    setup, predict, learn = jnp.split(program, [SETUP, SETUP + PREDICT])

    def train(memory: Memory, example: tuple[jax.Array, jax.Array]) -> tuple[Memory, None]:
        scalars, vectors = _run(predict, _shown(memory, example[0]))
        return _run(learn, (scalars.at[LABEL].set(example[1]), vectors)), None

    def validate(memory: Memory, example: jax.Array) -> tuple[Memory, jax.Array]:
        memory = _run(predict, _shown(memory, example))
        return memory, memory[0][PREDICTION]

    start = jnp.zeros(SCALARS, inputs.dtype), jnp.zeros((VECTORS, FEATURES), inputs.dtype)
    memory, _ = jax.lax.scan(train, _run(setup, start), (inputs, labels))
    _, found = jax.lax.scan(validate, memory, new_inputs)
    return found


predictions = jax.jit(jax.vmap(jax.vmap(program_on_task, in_axes=(None, 0, 0, 0)), in_axes=(0, None, None, None)))


def _run(instructions: jax.Array, memory: Memory) -> Memory:
    scalars, vectors = memory
    for operation, out, a, b in instructions:
        one, other = scalars[a % SCALARS], scalars[b % SCALARS]
        left, right = vectors[a % VECTORS], vectors[b % VECTORS]
        there = scalars[out % SCALARS]
        constant = jnp.asarray(CONSTANTS, scalars.dtype)[b % len(CONSTANTS)]
        results = there, one + other, one - other, one * other, (left * right).sum(), there, constant
        scalars = scalars.at[out % SCALARS].set(jax.lax.select_n(operation.astype(jnp.int32), *results))
        target = vectors[out % VECTORS]
        moved = jnp.where(operation == Operation.MOVE, target + one * right, target)
        vectors = vectors.at[out % VECTORS].set(moved)
    return scalars, vectors


def _shown(memory: Memory, inputs: jax.Array) -> Memory:
    """Return the memory with an example where predict finds it, without the label and the last prediction."""
    scalars, vectors = memory
    return scalars.at[LABEL].set(0).at[PREDICTION].set(0), vectors.at[INPUT].set(inputs)
