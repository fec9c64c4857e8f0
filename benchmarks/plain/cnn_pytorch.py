"""Digits by a convolutional network in PyTorch, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Net(nn.Module):
    """Images, channels last, to scores."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.conv2, self.norm2 = nn.Conv2d(8, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.pool, self.scores = nn.MaxPool2d(2), nn.Linear(64, 10)

    def forward(self, images: Tensor) -> Tensor:
        x = self.pool(torch.relu(self.norm1(self.conv1(images.permute(0, 3, 1, 2)))))
        x = self.pool(torch.relu(self.norm2(self.conv2(x))))
        return self.scores(x.permute(0, 2, 3, 1).flatten(1))


def trainer() -> Callable[..., float]:
    net = Net().to(memory_format=torch.channels_last)
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=2.0**-5, momentum=0.875)

    def step(images: Any, digits: Any) -> float:
        optimizer.zero_grad()
        loss = loss_function(net(torch.from_numpy(images)), torch.from_numpy(digits))
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step
