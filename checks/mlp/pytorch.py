"""The parts in PyTorch."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from torch import nn

from checks.descent.pytorch import (
    Training,
    adam,
    gradient_descent,
    logistic_loss,
    momentum,
    squared_error,
)
from checks.mlp import HIDDEN
from checks.mlp import OPTIMISERS as RATES

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights


def line() -> nn.Module:
    """Return x W + b."""
    return nn.Sequential(OrderedDict(output=nn.Linear(2, 1)))


def network() -> nn.Module:
    """Return tanh(x W + b) V + c."""
    return nn.Sequential(OrderedDict(hidden=nn.Linear(2, HIDDEN), tanh=nn.Tanh(), output=nn.Linear(HIDDEN, 1)))


MODELS = {"line": line, "network": network}
LOSSES = {"cross-entropy": logistic_loss, "squared error": squared_error}
OPTIMISERS = {"gradient descent": gradient_descent, "momentum": momentum, "adam": adam}


def training(model: str, loss: str, optimiser: str, weights: Weights, job: Job) -> Training:
    """Return the frame with the three parts of these names."""
    return Training(MODELS[model](), LOSSES[loss], OPTIMISERS[optimiser](RATES[optimiser]), weights, job)
