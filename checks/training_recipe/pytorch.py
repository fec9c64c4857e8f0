"""The classifier of pictures in PyTorch: `nn.Linear`, `Dropout`, `CrossEntropyLoss`, `optim.SGD`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from checks.training_recipe import LEARNING_RATE, MOMENTUM
from checks.training_recipe.adapted.pytorch import Subject

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.training_recipe import Batch, Weights

__all__ = ["Subject", "build"]


class Classifier(nn.Module):
    """Pictures to scores per column."""

    def __init__(self, pixels: int, hidden: int, columns: int, dropout: float) -> None:
        super().__init__()
        self.hidden = nn.Linear(pixels, hidden)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, columns)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.output(self.dropout(torch.relu(self.hidden(pictures))))


def build(weights: Weights, batch: Batch, dropout: float, job: Job) -> object:  # noqa: ARG001 - the subject sees to it
    """Return the model with these weights, as a user returns one."""
    hidden, pixels = weights["hidden.weight"].shape
    net = Classifier(pixels, hidden, len(weights["output.bias"]), dropout)
    net.load_state_dict({name: torch.from_numpy(weight) for name, weight in weights.items()})
    return {
        "model": net,
        "loss": nn.CrossEntropyLoss(),
        "batch": (torch.from_numpy(batch.inputs), torch.from_numpy(batch.targets)),
        "optimizer": lambda parameters: torch.optim.SGD(parameters, lr=LEARNING_RATE, momentum=MOMENTUM),
    }
