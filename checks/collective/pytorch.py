"""`torch.distributed`: gloo between processes, NCCL between cards, and `DistributedDataParallel`."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from checks.collective.training import CLASSES, FEATURES, RATE
from checks.common.pytorch import array, device, prepare

if TYPE_CHECKING:
    from checks.collective.training import Task
    from checks.common.job import Job

Array = np.ndarray[Any, Any]
_PATIENCE = datetime.timedelta(seconds=600)  # the parent is less patient, and names the rank


class Group:
    """A rank of the default process group, which meets through a file."""

    lacks: dict[str, str]

    def __init__(self, rank: int, world: int, meeting: str, job: Job) -> None:
        prepare(job)
        self.rank, self.world, self.device, self.lacks = rank, world, device(job), {}
        store = Path(meeting, "store").as_uri()
        name = "gloo" if job.device == "cpu" else "nccl"
        dist.init_process_group(name, store, _PATIENCE, world_size=world, rank=rank)

    def exchange(self, kind: str, numbers: Array) -> Array:
        given = torch.from_numpy(numbers).to(self.device)
        return array(getattr(self, f"_{kind.replace('-', '_')}")(given))

    def _all_reduce(self, given: Tensor) -> Tensor:
        dist.all_reduce(given)
        return given

    def _reduce_scatter(self, given: Tensor) -> Tensor:
        part = torch.empty(len(given) // self.world, device=self.device)
        dist.reduce_scatter_tensor(part, given)
        return part

    def _all_gather(self, given: Tensor) -> Tensor:
        whole = torch.empty(len(given) * self.world, device=self.device)
        dist.all_gather_into_tensor(whole, given)
        return whole

    def _broadcast(self, given: Tensor) -> Tensor:
        dist.broadcast(given, 0)
        return given

    def train(self, task: Task) -> list[Array]:
        net = nn.Linear(FEATURES, CLASSES, bias=False).to(self.device)
        with torch.no_grad():
            net.weight.copy_(torch.from_numpy(task.start.T))
        model = DistributedDataParallel(net)
        optimiser = torch.optim.SGD(model.parameters(), RATE)
        losses = []
        for seen, truth in zip(task.seen, task.truth, strict=True):
            optimiser.zero_grad()
            scores = model(torch.tensor(seen, dtype=torch.float32, device=self.device))
            loss = nn.functional.cross_entropy(scores, torch.from_numpy(truth).to(self.device))
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        return [np.array(losses), array(net.weight).T]

    def leave(self) -> None:
        dist.barrier()
        dist.destroy_process_group()
