"""The classifier of pictures in float64: forward, backpropagation, SGD with momentum, dropout by drawn masks.

With x the pictures, W, V the weights and m a mask that is 0 or 1 / (1 - rate):

    h = max(0, xWᵀ + b)   s = (h·m)Vᵀ + c   ∂s = (softmax(s) - truth) / n
    ∂V = ∂sᵀ(h·m)   ∂c = Σ ∂s   ∂h = (∂s V)·m·[h > 0]   ∂W = ∂hᵀx   ∂b = Σ ∂h   ∂x = ∂h W
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers
from checks.common.float64_training import Momentum, cross_entropy
from checks.common.sway import twins
from checks.training_recipe import LEARNING_RATE, MOMENTUM, ramp

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.training_recipe import Batch, Rows, Weights

Array = NDArray[np.float64]


class Built(NamedTuple):
    """What `build` returns."""

    weights: Weights
    batch: Batch
    dropout: float


def build(weights: Weights, batch: Batch, dropout: float, job: Job) -> Built:  # noqa: ARG001 - every backend gets it
    """Return the model in float64."""
    return Built(weights, batch, dropout)


class Subject:
    """The meaning of the check."""

    independent = True

    def __init__(self, build: Callable[[], object], job: Job) -> None:
        built = build()
        if not isinstance(built, Built):
            raise TypeError("a user's model has no reference")
        self._built, self._seed = built, job.seed
        self.inputs, self.targets = built.batch
        self.reset()

    def reset(self) -> None:
        self._optimiser = Momentum(self._built.weights, LEARNING_RATE, MOMENTUM)
        self._weights, self._passes = self._optimiser.weights, 0

    def outputs(self, rows: Rows | None = None, *, training: bool = False) -> Array:
        return self._forward(self._of(rows), self._mask(self._of(rows), training=training))[1]

    def loss(self, rows: Rows | None = None, *, blank: bool = False) -> float:
        inputs = np.zeros_like(self.inputs) if blank else self._of(rows)
        return self._lost(inputs, rows, np.ones((len(inputs), 1)))[0]

    def gradients(self, rows: Rows | None = None) -> dict[str, NDArray[np.floating] | None]:
        inputs = self._of(rows)
        return dict(self._lost(inputs, rows, np.ones((len(inputs), 1)))[1])

    def reach(self, row: int) -> Array:
        hidden, scores = self._forward(self.inputs, np.ones((len(self.inputs), 1)))
        slope = np.zeros_like(scores)
        slope[row] = ramp(scores.shape[1])
        into = ((slope @ self._weights["output.weight"]) * (hidden > 0)) @ self._weights["hidden.weight"]
        largest: Array = np.abs(into).max(axis=1)
        return largest

    def exchanged(self, row: int, by: int) -> Array:
        inputs = self.inputs.copy()
        inputs[row] = inputs[by]
        return self._forward(inputs, np.ones((len(inputs), 1)))[1]

    def step(self, *, blank: bool = False) -> float:
        inputs = np.zeros_like(self.inputs) if blank else self.inputs
        loss, gradients = self._lost(inputs, None, self._mask(inputs, training=True))
        self._optimiser.step(gradients)
        return loss

    def twins(self) -> list[Subject]:
        """Return twins of the model as it is now."""
        return twins(self, lambda twin, kicks: twin._optimiser.kick(kicks))

    def weights(self) -> dict[str, NDArray[np.floating]]:
        return dict(self._optimiser.copies())

    def _of(self, rows: Rows | None) -> Array:
        return self.inputs if rows is None else self.inputs[rows]

    def _mask(self, inputs: Array, *, training: bool) -> Array:
        rate = self._built.dropout
        if not training or not rate:
            return np.ones((len(inputs), 1))
        self._passes += 1
        shape = (len(inputs), len(self._weights["hidden.bias"]))
        drawn = integers(self._seed, f"mask {self._passes}", shape) / 2.0**16
        return (drawn >= rate) / (1 - rate)

    def _forward(self, inputs: Array, mask: Array) -> tuple[Array, Array]:
        """Return the hidden units, with the mask, and the scores."""
        hidden = np.maximum(0, inputs @ self._weights["hidden.weight"].T + self._weights["hidden.bias"]) * mask
        return hidden, hidden @ self._weights["output.weight"].T + self._weights["output.bias"]

    def _lost(self, inputs: Array, rows: Rows | None, mask: Array) -> tuple[float, dict[str, Array]]:
        hidden, scores = self._forward(inputs, mask)
        asked = self.targets if rows is None else self.targets[rows]
        loss, slope = cross_entropy(scores, asked, self._optimiser.kicks)
        into = (slope @ self._weights["output.weight"]) * mask * (hidden > 0)
        gradients = {
            "hidden.weight": into.T @ inputs,
            "hidden.bias": into.sum(axis=0),
            "output.weight": slope.T @ hidden,
            "output.bias": slope.sum(axis=0),
        }
        return loss, gradients
