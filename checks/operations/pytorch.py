"""Operations in PyTorch: eager, and compiled by TorchInductor in full runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import nn

from checks.common.inductor.pytorch import compile_anew, no_compiler
from checks.common.job import Job
from checks.common.needs import Unsupported
from checks.common.pytorch import array, device, dtype
from checks.operations.engine import Array, Task
from checks.operations.program import as_tuple

NAMES: Mapping[str, Any] = {"torch": torch, "F": F, "nn": nn, "np": np}
ISOLATED = True
SLOW_START = frozenset({"compiled"})


def modes(job: Job) -> tuple[str, ...]:
    """Return the modes; compiling takes seconds per operation."""
    return ("eager", "compiled") if job.profile == "full" else ("eager",)


def run(task: Task, job: Job) -> list[Array]:
    """Run the operation and return its gradients."""
    if task.mode == "compiled" and (lacking := no_compiler(job)):
        raise Unsupported(f"needs what torch.compile compiles with: {lacking}")
    torch.manual_seed(job.seed)
    inputs = {name: _tensor(value, name in task.wrt, job) for name, value in task.inputs.items()}
    if task.mode == "compiled":
        compile_anew(job)
    function = torch.compile(task.function, dynamic=False) if task.mode == "compiled" else task.function
    task.began("forward")
    outputs = as_tuple(function(*inputs.values()))
    task.got([array(one) if isinstance(one, torch.Tensor) else np.asarray(one) for one in outputs])
    if not task.wrt:
        return []
    task.began("backward")
    pairs = [(one, given) for one, given in zip(outputs, task.cotangents, strict=True) if given is not None]
    gradients = torch.autograd.grad(
        [one for one, _ in pairs],
        [inputs[name] for name in task.wrt],
        [torch.tensor(given).to(one) for one, given in pairs],
        allow_unused=True,
    )
    return [
        np.zeros(task.inputs[name].shape) if one is None else array(one)
        for name, one in zip(task.wrt, gradients, strict=True)
    ]


def _tensor(value: Array, differentiated: bool, job: Job) -> Any:
    """Return a tensor on the job's device; one to be differentiated can be set as a module's parameter."""
    if value.dtype != np.float64:
        return torch.tensor(value, device=device(job))
    there = torch.tensor(value).to(device(job), dtype(job))
    return nn.Parameter(there) if differentiated else there
