"""PyTorch's counter (`torch.utils.flop_counter`), its products and its allocator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.utils.flop_counter import FlopCounterMode

from checks.boundary import draw_weights, plane
from checks.boundary.pytorch import Network
from checks.common.pytorch import device
from checks.cost.host_memory import peak_resident

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.common.job import Job

COUNTS = "products"


def counted(job: Job) -> float:
    """Return what FlopCounterMode counts in one step."""
    sample, network = plane.draw(job.seed), Network(draw_weights(job.seed), job)
    with FlopCounterMode(display=False) as counter:
        network.step(sample.points, sample.labels)
    return float(counter.get_total_flops())


def product(side: int, job: Job) -> Callable[[], object]:
    """Multiply into one buffer."""
    left = torch.full((side, side), 0.5, device=device(job))
    out = torch.empty_like(left)

    def multiply() -> None:
        torch.mm(left, left, out=out)
        if job.device != "cpu":
            torch.cuda.synchronize()

    return multiply


def peak(job: Job) -> float:
    """Return the most that the allocator has held on a GPU."""
    return peak_resident() if job.device == "cpu" else float(torch.cuda.max_memory_allocated())
