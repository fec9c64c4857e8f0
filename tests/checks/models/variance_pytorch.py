"""Features far from 0, whose variance is the mean of squares less the squared mean: float32 has no digit of it left."""

import torch
from torch import nn


class Rating(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(8, 3)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        mean = features.mean(dim=1, keepdim=True)
        variance = (features**2).mean(dim=1, keepdim=True) - mean**2
        return self.head((features - mean) / (variance.clamp(min=0) + 1e-3).sqrt())


def build():
    return Rating(), nn.CrossEntropyLoss(), (torch.randn(6, 8) + 3000, torch.arange(6) % 3)
