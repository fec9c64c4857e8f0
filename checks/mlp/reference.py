"""The parts in float64 NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.common.tape import Node
from checks.common.tape_functions import tanh
from checks.descent.reference import (
    Loss,
    Model,
    Training,
    adam,
    dense,
    gradient_descent,
    logistic_loss,
    momentum,
    squared_error,
)
from checks.mlp import OPTIMISERS as RATES

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights
    from checks.descent.reference import Nodes

Array = NDArray[np.float64]


def line(nodes: Nodes, x: Array) -> Node:
    """Return x W + b."""
    return dense(nodes, "output", Node(x))


def network(nodes: Nodes, x: Array) -> Node:
    """Return tanh(x W + b) V + c."""
    return dense(nodes, "output", tanh(dense(nodes, "hidden", Node(x))))


MODELS: dict[str, Model] = {"line": line, "network": network}
LOSSES: dict[str, Loss] = {"cross-entropy": logistic_loss, "squared error": squared_error}
OPTIMISERS = {"gradient descent": gradient_descent, "momentum": momentum, "adam": adam}


def training(model: str, loss: str, optimiser: str, weights: Weights, job: Job) -> Training:  # noqa: ARG001
    """Return the frame with the three parts of these names."""
    return Training(MODELS[model], LOSSES[loss], OPTIMISERS[optimiser](RATES[optimiser]), weights)
