"""Programs run in NumPy: one instruction after another, as the description reads, of all programs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.evolve import TASKS
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

Array = NDArray[np.float64]


class Runner:
    """The meaning of the check; one program at a time would be too slow in NumPy."""

    def __init__(self, tasks: Tasks, job: Job) -> None:  # noqa: ARG002 - every backend gets the job
        self._tasks = tasks

    def predictions(self, programs: Programs) -> Array:
        with np.errstate(all="ignore"):  # programs may diverge
            return self._run(programs)

    def _run(self, programs: Programs) -> Array:
        tasks, memory = self._tasks, _Memory(len(programs))
        predict = programs[:, SETUP : SETUP + PREDICT]
        memory.run(programs[:, :SETUP])
        for example in range(tasks.inputs.shape[1]):
            memory.show(tasks.inputs[:, example])
            memory.run(predict)
            memory.scalars[:, LABEL] = tasks.labels[:, example]
            memory.run(programs[:, SETUP + PREDICT :])
        found = []
        for example in range(tasks.new_inputs.shape[1]):
            memory.show(tasks.new_inputs[:, example])
            memory.run(predict)
            found.append(memory.scalars[:, PREDICTION].copy())
        return np.stack(found, axis=2)


class _Memory:
    """Scalars (p, register, task) and vectors (p, register, task, feature)."""

    def __init__(self, count: int) -> None:
        self.scalars = np.zeros((count, SCALARS, TASKS))
        self.vectors = np.zeros((count, VECTORS, TASKS, FEATURES))

    def show(self, inputs: Array) -> None:
        """Put an example where predict finds it, and take the label and the last prediction away."""
        self.vectors[:, INPUT] = inputs
        self.scalars[:, LABEL] = 0
        self.scalars[:, PREDICTION] = 0

    def run(self, instructions: Programs) -> None:
        """Run the instructions (p, instruction, field) one after another."""
        for place in range(instructions.shape[1]):
            operation, out, a, b = instructions[:, place].T
            rows = np.arange(len(operation))
            one, other = self.scalars[rows, a % SCALARS], self.scalars[rows, b % SCALARS]
            left, right = self.vectors[rows, a % VECTORS], self.vectors[rows, b % VECTORS]
            results = {
                Operation.ADD: one + other,
                Operation.SUBTRACT: one - other,
                Operation.MULTIPLY: one * other,
                Operation.DOT: (left * right).sum(axis=-1),
                Operation.CONSTANT: np.array(CONSTANTS)[b % len(CONSTANTS)][:, None],
            }
            moved = one[..., None] * right
            for kind, result in results.items():
                mine = operation == kind
                self.scalars[rows[mine], (out % SCALARS)[mine]] = np.broadcast_to(result, one.shape)[mine]
            mine = operation == Operation.MOVE
            self.vectors[rows[mine], (out % VECTORS)[mine]] += moved[mine]
