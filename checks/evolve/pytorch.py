"""Programs run in PyTorch: a generation side by side, with gathered operands and results chosen by operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from checks.common.pytorch import array, device
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

Array = np.ndarray[Any, Any]
Memory = tuple[Tensor, Tensor]


class Runner:
    """Runs programs on tasks that stay on the device."""

    def __init__(self, tasks: Tasks, job: Job) -> None:
        self.device = device(job)
        self.inputs, self.labels, self.new_inputs, *_ = (torch.from_numpy(one).to(self.device) for one in tasks)
        self.constants = torch.tensor(CONSTANTS, dtype=torch.float64, device=self.device)

    @torch.no_grad()
    def predictions(self, programs: Programs) -> Array:
        # fields first: each is then a contiguous row
        setup, predict, learn = (
            list(torch.from_numpy(part).to(self.device).permute(1, 2, 0).contiguous())
            for part in np.split(programs, [SETUP, SETUP + PREDICT], axis=1)
        )
        zeros = torch.zeros(len(programs), SCALARS, TASKS, dtype=torch.float64, device=self.device)
        memory = zeros, zeros[:, :VECTORS, :, None].repeat(1, 1, 1, FEATURES)
        memory = self._run(setup, memory)
        for inputs, labels in zip(self.inputs.unbind(dim=1), self.labels.unbind(dim=1), strict=True):
            scalars, vectors = self._run(predict, _shown(memory, inputs))
            scalars[:, LABEL] = labels
            memory = self._run(learn, (scalars, vectors))
        found = []
        for inputs in self.new_inputs.unbind(dim=1):
            memory = self._run(predict, _shown(memory, inputs))
            found.append(memory[0][:, PREDICTION])
        return array(torch.stack(found, dim=2))

    def _run(self, instructions: list[Tensor], memory: Memory) -> Memory:
        scalars, vectors = memory
        rows = torch.arange(len(scalars), device=self.device)
        for operation, out, a, b in instructions:
            one, other = scalars[rows, a % SCALARS], scalars[rows, b % SCALARS]
            left, right = vectors[rows, a % VECTORS], vectors[rows, b % VECTORS]
            there = scalars[rows, out % SCALARS]
            constant = self.constants[b % len(CONSTANTS)][:, None].expand_as(one)
            results = (there, one + other, one - other, one * other, (left * right).sum(dim=-1), there, constant)
            chosen = torch.stack(results)[operation, rows]
            scalars = scalars.index_put((rows, out % SCALARS), chosen)
            target = vectors[rows, out % VECTORS]
            moves = (operation == Operation.MOVE)[:, None, None]
            moved = torch.where(moves, target + one[..., None] * right, target)
            vectors = vectors.index_put((rows, out % VECTORS), moved)
        return scalars, vectors


def _shown(memory: Memory, inputs: Tensor) -> Memory:
    """Return the memory with an example where predict finds it, without the label and the last prediction."""
    scalars, vectors = memory[0].clone(), memory[1].clone()
    scalars[:, [LABEL, PREDICTION]] = 0
    vectors[:, INPUT] = inputs
    return scalars, vectors
