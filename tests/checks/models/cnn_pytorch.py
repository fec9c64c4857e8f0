"""A small convolutional network with batch normalisation and dropout, as in many tutorials."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.dropout = nn.Dropout(0.25)
        self.head = nn.Linear(16 * 7 * 7, 10)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.head(self.dropout(self.features(pictures).flatten(1)))


def build():
    return Net(), nn.CrossEntropyLoss(), (torch.randn(16, 1, 28, 28), torch.arange(16) % 10)
