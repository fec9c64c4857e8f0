"""The line in PyTorch, and `torch.linalg`."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from checks.common.pytorch import array, device, dtype
from checks.descent.pytorch import Training, gradient_descent, squared_error

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights

Array = np.ndarray[Any, Any]


def training(weights: Weights, rate: float, job: Job) -> Training:
    """Return a line under the mean of squared errors and gradient descent."""
    line = nn.Linear(len(weights["line.kernel"]), 1)
    return Training(nn.Sequential(OrderedDict(line=line)), squared_error, gradient_descent(rate), weights, job)


def solve(design: Array, truth: Array, job: Job) -> dict[str, Array]:
    """Return the coefficients by QR, by Cholesky and by least squares."""
    x, y = (torch.from_numpy(one).to(device(job), dtype(job)) for one in (design, truth))
    q, r = torch.linalg.qr(x)
    lower = torch.linalg.cholesky(x.T @ x)
    return {
        "QR": array(torch.linalg.solve_triangular(r, q.T @ y, upper=True)),
        "Cholesky": array(torch.cholesky_solve(x.T @ y, lower)),
        "least squares": array(torch.linalg.lstsq(x, y).solution),
    }
