"""Integrated gradients of a small classifier in PyTorch, as a user would write them down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def explainer(pixels: int, hidden: int, classes: int, points: int) -> Callable[..., Any]:
    net = nn.Sequential(nn.Linear(pixels, hidden), nn.Tanh(), nn.Linear(hidden, classes))
    places = (torch.arange(points) + 0.5) / points

    def explain(pictures: Any, baseline: Any, asked: Any) -> Any:
        inputs, start = torch.from_numpy(pictures).float(), torch.from_numpy(baseline).float()
        steps = start + places[:, None, None] * (inputs - start)
        flat = steps.reshape(-1, steps.shape[-1]).requires_grad_()
        chosen = torch.from_numpy(asked).repeat(len(places))
        net(flat)[torch.arange(len(flat)), chosen].sum().backward()
        assert flat.grad is not None
        return ((inputs - start) * flat.grad.reshape(steps.shape).mean(0)).numpy()

    return explain
