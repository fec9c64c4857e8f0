"""Integrated gradients in PyTorch: all points of all pictures as one batch, differentiated by `torch.autograd.grad`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from checks.attribution import LEARNING_RATE, MOMENTUM, midpoints
from checks.common.pytorch import array, device, dtype

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.attribution import Question, Weights
    from checks.common.job import Job
    from checks.training_recipe import Batch

Array = np.ndarray[Any, Any]


class Classifier(nn.Module):
    """Pictures to scores per column."""

    def __init__(self, pixels: int, hidden: int, columns: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(pixels, hidden)
        self.output = nn.Linear(hidden, columns)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.output(torch.tanh(self.hidden(pictures)))


class Model:
    """The classifier with its optimiser, in the check's terms."""

    def __init__(self, weights: Weights, job: Job) -> None:
        hidden, pixels = weights["hidden.weight"].shape
        self.device, self.dtype = device(job), dtype(job)
        self.net = Classifier(pixels, hidden, len(weights["output.bias"])).to(self.device, self.dtype)
        self.net.load_state_dict({name: torch.from_numpy(weight) for name, weight in weights.items()})
        self.loss = nn.CrossEntropyLoss()
        self.optimiser = torch.optim.SGD(self.net.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)

    @torch.no_grad()
    def scores(self, pictures: Array) -> Array:
        return array(self.net(self._tensor(pictures)))

    def step(self, batch: Batch) -> float:
        self.optimiser.zero_grad()
        loss = self.loss(self.net(self._tensor(batch.inputs)), self._whole(batch.targets))
        loss.backward()
        self.optimiser.step()
        return loss.item()

    def attributions(self, question: Question, points: int) -> Array:
        return self._integrated(self.net, question, points)

    def rewritten(self, question: Question, points: int) -> Array:
        return self._integrated(self._otherwise, question, points)

    def weights(self) -> dict[str, Array]:
        return {name: array(weight) for name, weight in self.net.named_parameters()}

    def _integrated(self, net: Callable[[Tensor], Tensor], question: Question, points: int) -> Array:
        baseline = self._tensor(question.baseline)
        way = self._tensor(question.pictures) - baseline
        places = self._tensor(midpoints(points))[:, None, None]
        between = (baseline + places * way).flatten(0, 1).requires_grad_()
        asked = self._whole(question.classes).repeat(points)
        score = net(between).gather(1, asked[:, None]).sum()
        (slope,) = torch.autograd.grad(score, between)
        return array(way * slope.reshape(points, *way.shape).mean(dim=0))

    def _otherwise(self, pictures: Tensor) -> Tensor:
        hidden, output = self.net.hidden, self.net.output
        seen = 2 * torch.sigmoid(2 * torch.einsum("np,hp->nh", pictures, hidden.weight) + 2 * hidden.bias) - 1
        classes = zip(output.weight, output.bias, strict=True)
        return torch.stack([(seen * weight).sum(dim=1) + bias for weight, bias in classes], dim=1)

    def _tensor(self, numbers: Array) -> Tensor:
        return torch.from_numpy(numbers).to(self.device, self.dtype)

    def _whole(self, numbers: Array) -> Tensor:
        return torch.from_numpy(numbers).to(self.device)
