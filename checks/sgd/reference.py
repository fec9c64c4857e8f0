"""The eight optimisers in float64 NumPy, each as its authors published it.

g is the gradient, η the rate, all operations are element by element:

* sgd: w ← w - ηg (Robbins and Monro 1951)
* momentum: v ← μv + g, w ← w - ηv (Polyak 1964)
* nesterov: v ← μv + g, w ← w - η(g + μv) (Nesterov 1983, as Sutskever et al. 2013 and Bengio et al. 2012 write it)
* adagrad: s ← s + g², w ← w - ηg / (√s + ε) (Duchi, Hazan and Singer 2011)
* adadelta: s ← ρs + (1-ρ)g², d = √(u+ε) / √(s+ε) g, u ← ρu + (1-ρ)d², w ← w - ηd (Zeiler 2012, where η = 1)
* rmsprop: s ← ρs + (1-ρ)g², w ← w - ηg / (√s + ε) (Tieleman and Hinton 2012, lecture 6e, who have no ε)
* adam: m ← β₁m + (1-β₁)g, s ← β₂s + (1-β₂)g², w ← w - η m/(1-β₁ᵗ) / (√(s/(1-β₂ᵗ)) + ε) (Kingma and Ba 2015)
* adamw: w ← w - ηλw, then as adam (Loshchilov and Hutter 2019; their λ is ηλ in both frameworks)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.common.float64_training import cross_entropy
from checks.sgd.rules import BETAS, DECAY, MOMENTUM, WEIGHT_DECAY, Rule

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.sgd import Weights

Array = NDArray[np.float64]
CONVENTIONS = {
    "ε of adagrad": "beside the root",
    "ε of rmsprop": "beside the root",
    "ε of adam": "beside the root",
    "a new rate under momentum": "scales all velocity",
}


def variants(rule: Rule) -> tuple[str, ...]:  # noqa: ARG001 - every backend has this function
    """Return none: there is one truth."""
    return ()


class Optimiser:
    """A rule and what it remembers of each weight."""

    def __init__(self, rule: Rule, start: Weights, job: Job, variant: str = "") -> None:  # noqa: ARG002
        self.rule = rule
        self.restart(start, rule.rate)

    def restart(self, start: Weights, rate: float) -> None:
        self.set_rate(rate)
        self._time = 0
        self._weights = {name: weight.copy() for name, weight in start.items()}
        self._first = {name: np.zeros_like(weight) for name, weight in start.items()}
        self._second = {name: np.zeros_like(weight) for name, weight in start.items()}

    def set_rate(self, rate: float) -> None:
        self.rate = rate

    def apply(self, gradients: Weights) -> None:
        self._time += 1
        for name, gradient in gradients.items():
            self._weights[name] -= self.rate * self._change(name, gradient)

    def weights(self) -> Weights:
        return {name: weight.copy() for name, weight in self._weights.items()}

    def _change(self, name: str, gradient: Array) -> Array:
        """Update the memory of weight `name` and return by how much it goes down, before the rate."""
        first, second, epsilon = self._first, self._second, self.rule.epsilon
        match self.rule.name:
            case "sgd":
                return gradient
            case "momentum":
                first[name] = MOMENTUM * first[name] + gradient
                return first[name]
            case "nesterov":
                first[name] = MOMENTUM * first[name] + gradient
                return gradient + MOMENTUM * first[name]
            case "adagrad":
                second[name] = second[name] + gradient**2
                return gradient / (np.sqrt(second[name]) + epsilon)
            case "adadelta":
                second[name] = _blend(DECAY, second[name], gradient**2)
                change = np.sqrt(first[name] + epsilon) / np.sqrt(second[name] + epsilon) * gradient
                first[name] = _blend(DECAY, first[name], change**2)
                return change
            case "rmsprop":
                second[name] = _blend(DECAY, second[name], gradient**2)
                return gradient / (np.sqrt(second[name]) + epsilon)
            case "adam":
                return self._adam(name, gradient)
            case "adamw":
                return self._adam(name, gradient) + WEIGHT_DECAY * self._weights[name]
        raise ValueError(f"no rule for {self.rule.name}")

    def _adam(self, name: str, gradient: Array) -> Array:
        one, two = BETAS
        self._first[name] = _blend(one, self._first[name], gradient)
        self._second[name] = _blend(two, self._second[name], gradient**2)
        mean = self._first[name] / (1 - one**self._time)
        return mean / (np.sqrt(self._second[name] / (1 - two**self._time)) + self.rule.epsilon)


class Training(Optimiser):
    """A rule that minimises an objective."""

    def __init__(self, objective: str, rule: Rule, start: Weights, job: Job) -> None:
        super().__init__(rule, start, job)
        self._slope = OBJECTIVES[objective]

    def step(self, *batch: Array, slant: float | Array = 1.0) -> float:
        """Make one step; the slope is taken times `slant`."""
        loss, gradients = self._slope(self._weights, *batch)
        self.apply({name: slant * gradient for name, gradient in gradients.items()})
        return loss

    def nudge(self, moves: Weights) -> None:
        """Move the weights from outside."""
        for name, move in moves.items():
            self._weights[name] += move


def himmelblau(weights: Weights, scales: Array) -> tuple[float, Weights]:
    """Return the sum over all points of (x² + y - 11)² + (x + y² - 7)², each times its scale, and its slope."""
    x, y = weights["points"].T
    one, two = x**2 + y - 11, x + y**2 - 7
    slope = np.stack([4 * x * one + 2 * two, 2 * one + 4 * y * two], axis=1)
    return float(scales @ (one**2 + two**2)), {"points": scales[:, None] * slope}


def regression(weights: Weights, letters: Array, languages: NDArray[np.int64]) -> tuple[float, Weights]:
    """Return the mean of -ln softmax(letters W) at the right languages, and its slope."""
    loss, slope = cross_entropy(letters @ weights["weight"], languages)
    return loss, {"weight": letters.T @ slope}


OBJECTIVES: dict[str, Callable[..., tuple[float, Weights]]] = {"himmelblau": himmelblau, "regression": regression}


def _blend(kept: float, old: Array, new: Array) -> Array:
    return kept * old + (1 - kept) * new
