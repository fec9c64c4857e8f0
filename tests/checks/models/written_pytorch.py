"""A perceptron that has float32 written into it, so that it cannot compute in float64."""

import torch
from torch import nn


class Rating(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.head = nn.Linear(8, 16), nn.Linear(16, 3)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        scale = torch.full((8, 8), 0.125, dtype=torch.float32)
        return self.head(torch.tanh(self.hidden(features @ scale)))


def build():
    return Rating(), nn.CrossEntropyLoss(), (torch.randn(6, 8), torch.arange(6) % 3)
