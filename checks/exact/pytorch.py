"""The exact models in PyTorch: its matrix products, its automatic differentiation, its SGD."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from checks.common.pytorch import device, dtype, running_sum
from checks.exact import GRID, LEARNING_RATE, STEEPEST, STRIDE, Step
from checks.exact.models import MODELS
from checks.exact.reduction.pytorch import all_reduce as all_reduce  # noqa: PLC0414 - part of a backend

if TYPE_CHECKING:
    from checks.common.job import Job

Array = np.ndarray[Any, Any]


def snap(value: Tensor, low: float, high: float) -> Tensor:
    """Return the nearest multiples of 2^-6 in [low, high]; PyTorch rounds half to even."""
    return (torch.round(value * GRID) / GRID).clamp(low, high)


class Grid(torch.autograd.Function):
    """`snap`, with slopes that pass inside the range and are snapped themselves."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, low: float, high: float) -> Tensor:
        ctx.save_for_backward((value >= low) & (value <= high))
        return snap(value, low, high)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None]:
        return snap(slope, -STEEPEST, STEEPEST) * ctx.saved_tensors[0], None, None


def primitives(left: Array, right: Array, image: Array, kernel: Array, job: Job) -> dict[str, Array]:
    """Return products and sums of integers."""
    a, b, pixels, weights = (
        torch.tensor(array, dtype=dtype(job), device=device(job)) for array in (left, right, image, kernel)
    )
    results = {
        "product": a @ b,
        "convolution": torch.nn.functional.conv2d(pixels, weights, stride=STRIDE),
        "sum": a.sum(),
        "running sum": running_sum(a),
    }
    return {name: result.cpu().numpy() for name, result in results.items()}


class Trainer:
    """A model with PyTorch's slopes and SGD."""

    def __init__(self, model: str, weights: dict[str, Array], inputs: Array, targets: Array, job: Job) -> None:
        self.device, self.dtype = device(job), dtype(job)
        self.forward = MODELS[model].forward
        self.master = {name: self.constant(weight).requires_grad_() for name, weight in weights.items()}
        self.inputs, self.targets = self.constant(inputs), self.constant(targets)
        self.optimiser = torch.optim.SGD(self.master.values(), lr=LEARNING_RATE)
        self.products: list[Tensor] = []

    def step(self) -> Step:
        self.products = []
        used = {name: snap(weight.detach(), -2, 2).requires_grad_() for name, weight in self.master.items()}
        result = self.forward(self, used, self.inputs)
        loss = ((result - self.targets) ** 2).sum() / 2
        slopes = dict(zip(used, torch.autograd.grad(loss, list(used.values())), strict=True))
        for name, weight in self.master.items():
            weight.grad = snap(slopes[name], -STEEPEST, STEEPEST)
        self.optimiser.step()
        return Step(
            loss.detach().cpu().numpy(),
            [product.detach().cpu().numpy() for product in self.products],
            {name: slope.cpu().numpy() for name, slope in slopes.items()},
        )

    def weights(self) -> dict[str, Array]:
        return {name: weight.detach().cpu().numpy() for name, weight in self.master.items()}

    def product(self, left: Tensor, right: Tensor) -> Tensor:
        self.products.append(left @ right)
        return self.products[-1]

    def grid(self, value: Tensor, low: float, high: float) -> Tensor:
        return Grid.apply(value, low, high)

    def transpose(self, value: Tensor) -> Tensor:
        return value.T

    def constant(self, value: Array) -> Tensor:
        return torch.tensor(value, dtype=self.dtype, device=self.device)
