"""The frame in PyTorch: an `nn.Module`, a loss, an optimiser of `torch.optim`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn, optim

from checks.common.pytorch import array, device, dtype
from checks.descent import BETAS, MOMENTUM, UNSEEN

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Inputs, Weights

Array = np.ndarray[Any, Any]
Make = Callable[[Iterable[nn.Parameter]], optim.Optimizer]
_THEIRS = {"kernel": "weight", "bias": "bias", "scale": "weight", "shift": "bias", "table": "weight"}


class Training:
    """A model, a loss and an optimiser."""

    def __init__(
        self, net: nn.Module, loss: Callable[[Tensor, Tensor], Tensor], optimiser: Make, weights: Weights, job: Job
    ) -> None:
        self.device, self.dtype = device(job), dtype(job)
        self.net, self.loss, self.make = net.to(self.device, self.dtype), loss, optimiser
        self.load(weights)

    def load(self, weights: Weights) -> None:
        self.names = {name: _theirs(name) for name in weights}
        theirs = {self.names[name]: torch.from_numpy(turned(name, weight)) for name, weight in weights.items()}
        self.net.load_state_dict(dict(self.net.named_buffers()) | theirs)
        self.optimiser = self.make(self.net.parameters())

    @torch.no_grad()
    def output(self, *inputs: Array) -> Array:
        self.net.eval()
        return array(self.net(*self.given(inputs)))

    def gradients(self, inputs: Inputs, truth: Array) -> tuple[float, dict[str, Array]]:
        loss = self.backward(inputs, truth)
        return loss, self._ours(lambda parameter: parameter.grad)

    def step(self, inputs: Inputs, truth: Array) -> float:
        loss = self.backward(inputs, truth)
        self.optimiser.step()
        return loss

    def weights(self) -> dict[str, Array]:
        return self._ours(lambda parameter: parameter)

    def backward(self, inputs: Inputs, truth: Array) -> float:
        """Leave the gradients of one batch in the parameters; return the loss."""
        if not self.net.training:  # which costs a walk over all modules
            self.net.train()
        self.optimiser.zero_grad()
        *there, right = self.given((*inputs, truth))
        loss = self.loss(self.net(*there), right)
        loss.backward()
        return loss.item()

    def given(self, arrays: Inputs) -> list[Tensor]:
        """Return tensors on the device, numbers in the type that is computed in."""
        there = map(torch.from_numpy, arrays)
        return [one.to(self.device, self.dtype if one.is_floating_point() else None) for one in there]

    def _ours(self, what: Callable[[nn.Parameter], Tensor]) -> dict[str, Array]:
        theirs = dict(self.net.named_parameters())
        return {name: turned(name, array(what(theirs[there])), back=True) for name, there in self.names.items()}


def turned(name: str, weight: Array, *, back: bool = False) -> Array:
    """Return a kernel with PyTorch's axes, outputs first, or `back` with the frame's, outputs last."""
    if not name.endswith(".kernel"):
        return weight
    if weight.ndim == 2:
        return weight.T
    return weight.transpose(2, 3, 1, 0) if back else weight.transpose(3, 2, 0, 1)


def squared_error(output: Tensor, truth: Tensor) -> Tensor:
    """Return the mean of (output - truth)²."""
    return nn.functional.mse_loss(output, truth)


def logistic_loss(scores: Tensor, truth: Tensor) -> Tensor:
    """Return the binary cross-entropy from scores, mean over the rows."""
    return nn.functional.binary_cross_entropy_with_logits(scores, truth)


def cross_entropy(scores: Tensor, truth: Tensor) -> Tensor:
    """Return the cross-entropy from scores, mean over the rows."""
    return nn.functional.cross_entropy(scores, truth)


def gradient_descent(rate: float) -> Make:
    """Return w ← w - ηg."""
    return lambda parameters: optim.SGD(parameters, rate)


def momentum(rate: float) -> Make:
    """Return v ← μv + g, w ← w - ηv."""
    return lambda parameters: optim.SGD(parameters, rate, momentum=MOMENTUM)


def adam(rate: float, first: float = BETAS[0]) -> Make:
    """Return Adam with β₁ = `first` and an ε too small to be seen."""
    return lambda parameters: optim.Adam(parameters, rate, (first, BETAS[1]), eps=UNSEEN)


def _theirs(name: str) -> str:
    layer, _, what = name.rpartition(".")
    return f"{layer}.{_THEIRS[what]}"
