"""The network in PyTorch, channels last in memory: `Conv2d`, `BatchNorm2d`, `MaxPool2d`, SGD with momentum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from checks.cnn import CHANNELS, DIGITS, EPSILON, KEPT, RATE, SIDE
from checks.common.pytorch import array, device, dtype
from checks.descent.pytorch import Training, cross_entropy, momentum

if TYPE_CHECKING:
    from checks.cnn import Images, Statistics
    from checks.common.job import Job
    from checks.descent import Inputs, Weights

Array = np.ndarray[Any, Any]


class Reader(nn.Module):
    """Images (n, 8, 8, 1) to scores."""

    def __init__(self) -> None:
        super().__init__()
        one, two = CHANNELS
        self.conv1 = nn.Conv2d(1, one, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(one, EPSILON, 1 - KEPT)
        self.conv2 = nn.Conv2d(one, two, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(two, EPSILON, 1 - KEPT)
        self.pool = nn.MaxPool2d(2)
        self.scores = nn.Linear(4 * two, DIGITS)

    def forward(self, images: Tensor) -> Tensor:
        return self.read(images.permute(0, 3, 1, 2))  # of channels last in memory, no copy

    def read(self, images: Tensor) -> Tensor:
        """Return the scores of images (n, 1, 8, 8)."""
        x = self.pool(self.norm1(self.conv1(images)).relu())
        x = self.pool(self.norm2(self.conv2(x)).relu())
        return self.scores(x.permute(0, 2, 3, 1).flatten(1))


class Network(Training):
    """The frame with moving statistics."""

    def __init__(self, weights: Weights, job: Job) -> None:
        net = Reader().to(memory_format=torch.channels_last)
        super().__init__(net, cross_entropy, momentum(RATE), weights, job)

    def load(self, weights: Weights) -> None:
        super().load(weights)
        for norm in self.norms().values():
            norm.reset_running_stats()
        self.images = 0

    def step(self, inputs: Inputs, truth: Array) -> float:
        self.images = len(truth)
        return super().step(inputs, truth)

    def statistics(self) -> Statistics:
        found: Statistics = {}
        for place, (name, norm) in enumerate(self.norms().items()):
            count = self.images * (SIDE >> place) ** 2
            started = KEPT ** int(norm.num_batches_tracked)  # what is left of the variance of 1 at the start
            variance = (array(norm.running_var) - started) * ((count - 1) / count) + started
            found |= {f"{name}.mean": array(norm.running_mean), f"{name}.variance": variance}
        return found

    def set_statistics(self, statistics: Statistics) -> None:
        for name, norm in self.norms().items():
            norm.running_mean.copy_(torch.from_numpy(statistics[f"{name}.mean"]))
            norm.running_var.copy_(torch.from_numpy(statistics[f"{name}.variance"]))

    @torch.no_grad()
    def layouts(self, images: Images) -> dict[str, Array]:
        self.net.eval()
        (last,) = self.given((images,))
        last = last.permute(0, 3, 1, 2)
        first = last.contiguous(memory_format=torch.contiguous_format)
        found = {"channels last": array(self.net.read(last))}
        self.net.to(memory_format=torch.contiguous_format)
        found["channels first"] = array(self.net.read(first))
        return found

    def norms(self) -> dict[str, nn.BatchNorm2d]:
        """Return the layers that have statistics."""
        return {"norm1": self.net.norm1, "norm2": self.net.norm2}


def network(weights: Weights, job: Job) -> Network:
    """Return the network under cross-entropy and SGD with momentum."""
    return Network(weights, job)


def augment(images: Images, shifts: Array, job: Job) -> Images:
    """Return each image moved down and right by its `shifts`."""
    there = torch.from_numpy(images).to(device(job), dtype(job)).permute(0, 3, 1, 2)
    padded = nn.functional.pad(there, (1, 1, 1, 1))
    moved = [
        one[:, 1 - down :, 1 - right :][:, :SIDE, :SIDE] for one, (down, right) in zip(padded, shifts, strict=True)
    ]
    return array(torch.stack(moved).permute(0, 2, 3, 1)).astype(np.float32)
