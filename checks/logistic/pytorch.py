"""Logistic regression in PyTorch: `BCEWithLogitsLoss`'s function, `torch.func.hessian`."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import grad, hessian

from checks.common.pytorch import array, device, dtype
from checks.descent.pytorch import Training, gradient_descent, logistic_loss

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights

Array = np.ndarray[Any, Any]


def training(weights: Weights, rate: float, job: Job) -> Training:
    """Return a row of scores under the binary cross-entropy and gradient descent."""
    line = nn.Linear(len(weights["line.kernel"]), 1)
    return Training(nn.Sequential(OrderedDict(line=line)), logistic_loss, gradient_descent(rate), weights, job)


def newton(design: Array, truth: Array, steps: int, job: Job) -> Array:
    """Return the coefficients after each step of Newton's method from zero."""
    x, t = (torch.from_numpy(one).to(device(job), dtype(job)) for one in (design, truth))

    def loss(w: Tensor) -> Tensor:
        return logistic_loss(x @ w, t[:, 0])

    w, path = torch.zeros(x.shape[1], dtype=x.dtype, device=x.device), []
    for _ in range(steps):
        w = w - torch.linalg.solve(hessian(loss)(w), grad(loss)(w))
        path.append(w)
    return array(torch.stack(path))
