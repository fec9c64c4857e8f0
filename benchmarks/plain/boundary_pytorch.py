"""A small network on points of the plane in PyTorch, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def trainer(hidden: int) -> Callable[..., float]:
    net = nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 1))
    loss_function = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=2.0**-5)

    def step(points: Any, labels: Any) -> float:
        optimizer.zero_grad()
        scores = net(torch.tensor(points, dtype=torch.float32)).squeeze(1)
        loss = loss_function(scores, torch.tensor(labels, dtype=torch.float32))
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step
