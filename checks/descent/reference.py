"""The frame in float64 NumPy, differentiated by `checks/common/tape.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from checks.common.float64_training import Momentum
from checks.common.sway import Kicks, twins
from checks.common.tape import Array, Node, slopes
from checks.common.tape_functions import cross_entropy as cross_entropy  # noqa: PLC0414 - a part of the frame
from checks.common.tape_functions import softplus
from checks.descent import BETAS, MOMENTUM, UNSEEN, Inputs, Weights

Nodes = dict[str, Node]
Model = Callable[..., Node]
Loss = Callable[[Node, Any], Node]


class Optimiser(Protocol):
    """Weights and what is remembered of each."""

    weights: dict[str, Array]

    def step(self, gradients: Mapping[str, Array]) -> None: ...


class Training:
    """A model, a loss and an optimiser; as a twin, with `kicks`."""

    kicks: Kicks | None = None

    def __init__(self, model: Model, loss: Loss, optimiser: Callable[[Weights], Optimiser], weights: Weights) -> None:
        self._model, self._loss, self._make = model, loss, optimiser
        self.load(weights)

    def twins(self) -> list[Self]:
        """Return twins (`checks/common/sway.py`) of the training as it is now."""
        return twins(self, type(self).kick)

    def kick(self, kicks: Kicks) -> None:
        """Become a twin."""
        self.kicks = kicks
        self._optimiser.weights = kicks.all(self._optimiser.weights)

    def load(self, weights: Weights) -> None:
        self._optimiser = self._make(weights)

    def output(self, *inputs: NDArray[Any]) -> Array:
        return self._model(self._nodes(), *self._kicked(inputs)).value

    def gradients(self, inputs: Inputs, truth: NDArray[Any]) -> tuple[float, dict[str, Array]]:
        nodes = self._nodes()
        loss, slopes = differentiate(self._loss(self._learning(nodes, *self._kicked(inputs)), truth), nodes)
        return loss, self.kicks.all(slopes) if self.kicks else slopes

    def step(self, inputs: Inputs, truth: NDArray[Any]) -> float:
        loss, gradients = self.gradients(inputs, truth)
        self._optimiser.step(gradients)
        return loss

    def weights(self) -> dict[str, Array]:
        return {name: weight.copy() for name, weight in self._optimiser.weights.items()}

    def _learning(self, nodes: Nodes, *inputs: NDArray[Any]) -> Node:
        """Return what the model gives while it learns."""
        return self._model(nodes, *inputs)

    def _nodes(self) -> Nodes:
        weights = self._optimiser.weights
        return {name: Node(weight) for name, weight in (self.kicks.all(weights) if self.kicks else weights).items()}

    def _kicked(self, inputs: Inputs) -> Inputs:
        return tuple(map(self.kicks, inputs)) if self.kicks else inputs


def differentiate(loss: Node, nodes: Nodes) -> tuple[float, dict[str, Array]]:
    """Return a loss and its slopes."""
    return float(loss.value), slopes(loss, nodes)


def dense(nodes: Nodes, layer: str, x: Node) -> Node:
    """Return x W + b."""
    return x @ nodes[f"{layer}.kernel"] + nodes[f"{layer}.bias"]


def squared_error(output: Node, truth: Array) -> Node:
    """Return the mean of (output - truth)²."""
    apart = output - truth
    return (apart * apart).mean()


def logistic_loss(scores: Node, truth: Array) -> Node:
    """Return the mean of ln(1 + e^s) - s t for scores s and truths t of 0 or 1."""
    return (softplus(scores) - scores * truth).mean()


def gradient_descent(rate: float) -> Callable[[Weights], Optimiser]:
    """Return w ← w - ηg."""
    return lambda weights: Momentum(weights, rate, 0.0)


def momentum(rate: float) -> Callable[[Weights], Optimiser]:
    """Return v ← μv + g, w ← w - ηv."""
    return lambda weights: Momentum(weights, rate, MOMENTUM)


def adam(rate: float, first: float = BETAS[0]) -> Callable[[Weights], Optimiser]:
    """Return Adam with β₁ = `first` and an ε too small to be seen."""
    return lambda weights: Adam(weights, rate, first)


class Adam:
    """m ← β₁m + (1-β₁)g, s ← β₂s + (1-β₂)g², w ← w - η m/(1-β₁ᵗ) / (√(s/(1-β₂ᵗ)) + ε) (Kingma and Ba 2015)."""

    def __init__(self, weights: Weights, rate: float, first: float = BETAS[0]) -> None:
        self.weights = {name: weight.copy() for name, weight in weights.items()}
        self._mean = {name: np.zeros_like(weight) for name, weight in weights.items()}
        self._square = {name: np.zeros_like(weight) for name, weight in weights.items()}
        self._rate, self._betas, self._time = rate, (first, BETAS[1]), 0

    def step(self, gradients: Mapping[str, Array]) -> None:
        """Move every weight once."""
        (one, two), self._time = self._betas, self._time + 1
        for name, gradient in gradients.items():
            self._mean[name] = one * self._mean[name] + (1 - one) * gradient
            self._square[name] = two * self._square[name] + (1 - two) * gradient**2
            root = np.sqrt(self._square[name] / (1 - two**self._time)) + UNSEEN
            self.weights[name] -= self._rate * self._mean[name] / (1 - one**self._time) / root
