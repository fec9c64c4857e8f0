"""Two networks against each other in PyTorch, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def net(inputs: int, hidden: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, 1))


def trainer(noise: int, hidden: int) -> Callable[..., float]:
    generator, discriminator = net(noise, hidden), net(1, hidden)
    loss_function = nn.BCEWithLogitsLoss()
    moving = torch.optim.Adam(generator.parameters(), lr=2.0**-7, betas=(0.5, 0.999))
    judging = torch.optim.Adam(discriminator.parameters(), lr=2.0**-5, betas=(0.5, 0.999))

    def step(*batch: Any) -> float:
        real, one, two = map(torch.from_numpy, batch)
        ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)
        judging.zero_grad()
        made = generator(one).detach()
        apart = loss_function(discriminator(real), ones) + loss_function(discriminator(made), zeros)
        apart.backward()
        judging.step()
        moving.zero_grad()
        deceived = loss_function(discriminator(generator(two)), ones)
        deceived.backward()
        moving.step()
        return float(apart.item() + deceived.item())

    return step
