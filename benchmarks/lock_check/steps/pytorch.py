"""The same in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch


def numpy_product(matrix: Any) -> Any:
    return matrix @ matrix.T


def product(matrix: Any) -> Any:
    x = torch.from_numpy(matrix)
    return (x @ x.T).numpy()


def total(vector: Any) -> Any:
    return torch.from_numpy(vector).sum().numpy()


def rows(table: Any) -> Any:
    return torch.from_numpy(table).sum(1).numpy()


def function(table: Any) -> Any:
    return torch.softmax(torch.from_numpy(table), 1).numpy()


def losses(matrix: Any, targets: Any, steps: int, rate: float) -> Iterator[Any]:
    x, y = torch.from_numpy(matrix), torch.from_numpy(targets)
    weight = torch.zeros(len(targets), requires_grad=True)
    for _ in range(steps):
        loss = torch.mean((x @ weight - y) ** 2)
        yield loss.detach().numpy()
        [slope] = torch.autograd.grad(loss, weight)
        with torch.no_grad():
            weight -= rate * slope
