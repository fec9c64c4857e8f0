"""PyTorch's counter (`torch.utils.flop_counter`), its products and its allocator."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import torch
from torch.utils.flop_counter import FlopCounterMode

from checks.boundary import draw_weights, plane
from checks.boundary.pytorch import Network
from checks.common.pytorch import device
from checks.cost.host_memory import peak_resident

if TYPE_CHECKING:
    from checks.common.job import Job

COUNTS = "products"


def counted(job: Job) -> float:
    """Return what FlopCounterMode counts in one step."""
    sample, network = plane.draw(job.seed), Network(draw_weights(job.seed), job)
    with FlopCounterMode(display=False) as counter:
        network.step(sample.points, sample.labels)
    return float(counter.get_total_flops())


def multiply(side: int, seconds: float, job: Job) -> tuple[int, float]:
    """Multiply into one buffer."""
    left = torch.full((side, side), 0.5, device=device(job))
    out = torch.empty_like(left)
    torch.mm(left, left, out=out)
    _wait(job)
    started, times = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        torch.mm(left, left, out=out)
        _wait(job)
        times += 1
    return times, time.perf_counter() - started


def peak(job: Job) -> float:
    """Return the most that the allocator has held on a GPU."""
    return peak_resident() if job.device == "cpu" else float(torch.cuda.max_memory_allocated())


def _wait(job: Job) -> None:
    if job.device != "cpu":
        torch.cuda.synchronize()
