"""A small network under Adam in PyTorch, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def trainer(hidden: int) -> Callable[..., float]:
    net = nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, 1))
    loss_function = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=2.0**-5)

    def step(x: Any, y: Any) -> float:
        optimizer.zero_grad()
        loss = loss_function(net(torch.from_numpy(x)), torch.from_numpy(y))
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step
