"""Partial convolutions in PyTorch: an `nn.Module` over `conv2d`, channels first, and views by `grid_sample`."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from checks.common.pytorch import array, device, dtype
from checks.inpaint import LEARNING_RATE, MOMENTUM, SIZES

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.inpaint import Weights
    from checks.inpaint.scene import Photo

Array = np.ndarray[Any, Any]


class PartialConv2d(nn.Conv2d):
    """A convolution over known values alone; returns the result and what is known then."""

    def forward(self, x: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            count = functional.conv2d(known, known.new_ones(1, 1, *self.kernel_size), padding=self.padding)
            reached = (count > 0).to(known)
            ratio = reached * self.kernel_size[0] * self.kernel_size[1] / count.clamp(min=1)
        product = functional.conv2d(x * known, self.weight, padding=self.padding)
        return (product * ratio + self.bias[:, None, None]) * reached, reached


class Filler(nn.Module):
    """Three partial convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(PartialConv2d(into, out, 3, padding=1) for into, out in pairwise(SIZES))

    def forward(self, x: Tensor, known: Tensor) -> tuple[Tensor, list[Tensor]]:
        masks: list[Tensor] = []
        for layer in self.layers:
            x, known = layer(torch.relu(x) if masks else x, known)
            masks.append(known)
        return x, masks


class Model:
    """The filler with its optimiser, in the check's terms."""

    def __init__(self, weights: Weights, job: Job) -> None:
        self.device, self.dtype = device(job), dtype(job)
        self.net = Filler().to(self.device, self.dtype)
        self.net.load_state_dict(
            {f"layers.{int(name[0]) - 1}{name[1:]}": _theirs(one) for name, one in weights.items()}
        )
        self.optimiser = torch.optim.SGD(self.net.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)

    @torch.no_grad()
    def fill(self, photo: Photo) -> Array:
        return _last(self.net(self._tensor(photo.pictures), self._tensor(photo.known))[0])

    @torch.no_grad()
    def known(self, photo: Photo) -> list[Array]:
        return [_last(one) for one in self.net(self._tensor(photo.pictures), self._tensor(photo.known))[1]]

    def gradients(self, photo: Photo) -> tuple[float, dict[str, Array]]:
        loss = self._backward(photo)
        return loss, {name: _ours(one.grad) for name, one in self._parameters()}

    def reach(self, photo: Photo) -> Array:
        pictures = self._tensor(photo.pictures).requires_grad_()
        filled, _ = self.net(pictures, self._tensor(photo.known))
        return np.abs(_last(torch.autograd.grad(filled.sum(), pictures)[0]))

    def step(self, photo: Photo) -> float:
        loss = self._backward(photo)
        self.optimiser.step()
        return loss

    def weights(self) -> dict[str, Array]:
        return {name: _ours(one) for name, one in self._parameters()}

    def _backward(self, photo: Photo) -> float:
        self.optimiser.zero_grad()
        known, wall = self._tensor(photo.known), self._tensor(photo.wall)
        filled, _ = self.net(self._tensor(photo.pictures), known)
        hidden = (1 - known).expand_as(wall).bool()
        loss = functional.mse_loss(filled[hidden], wall[hidden])
        loss.backward()
        return loss.item()

    def _parameters(self) -> list[tuple[str, Tensor]]:
        return [(f"{int(name[7]) + 1}{name[8:]}", one) for name, one in self.net.named_parameters()]

    def _tensor(self, pictures: Array) -> Tensor:
        """Return pictures (n, rows, columns, c) with the channels first."""
        return torch.from_numpy(pictures).to(self.device, self.dtype).permute(0, 3, 1, 2).contiguous()


def moved(layer: Array, disparity: Array, step: float, job: Job) -> Array:
    """Return the layer taken from ``column - step · disparity``, linear between columns."""
    pictures = torch.from_numpy(layer).to(device(job), dtype(job)).permute(0, 3, 1, 2)
    last = pictures.shape[3] - 1
    columns = torch.arange(last + 1, device=pictures.device) - step * torch.from_numpy(disparity).to(pictures)
    rows = torch.arange(pictures.shape[2], device=pictures.device)[:, None].expand_as(columns)
    grid = (
        torch.stack([columns, rows.to(columns)], dim=-1) * (2 / last) - 1
    )  # -1 and 1 are the middles of the outermost
    return _last(functional.grid_sample(pictures, grid, padding_mode="border", align_corners=True))


def _theirs(weight: Array) -> Tensor:
    return torch.from_numpy(weight.transpose(3, 2, 0, 1).copy() if weight.ndim == 4 else weight)


def _ours(weight: Tensor) -> Array:
    ours = array(weight)
    return ours.transpose(2, 3, 1, 0) if ours.ndim == 4 else ours


def _last(pictures: Tensor) -> Array:
    """Return pictures with the channels last."""
    return array(pictures.permute(0, 2, 3, 1))
