"""Pictures with a lit column in PyTorch, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def trainer(pixels: int, columns: int) -> Callable[..., float]:
    net = nn.Sequential(nn.Linear(pixels, 64), nn.ReLU(), nn.Dropout(0.25), nn.Linear(64, columns))
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.125, momentum=0.875)

    def step(pictures: Any, lit: Any) -> float:
        net.train()
        optimizer.zero_grad()
        loss = loss_function(net(torch.from_numpy(pictures)), torch.from_numpy(lit))
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step
