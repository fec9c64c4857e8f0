"""The classifier and its integrated gradients in float64.

With x the pictures, W, V the weights and h = tanh(xWᵀ + b), s = hVᵀ + c:

    ∂sₖ/∂x = ((1 - h²) · Vₖ) W   ∂s = (softmax(s) - truth) / n   ∂V = ∂sᵀh   ∂h = (∂s V) (1 - h²)   ∂W = ∂hᵀx
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.attribution import LEARNING_RATE, MOMENTUM, midpoints
from checks.common.float64_training import Momentum, cross_entropy
from checks.common.sway import twins

if TYPE_CHECKING:
    from checks.attribution import Question, Weights
    from checks.common.job import Job
    from checks.training_recipe import Batch

Array = NDArray[np.float64]


class Model:
    """The meaning of the check."""

    def __init__(self, weights: Weights, job: Job) -> None:  # noqa: ARG002 - every backend gets the job
        self._optimiser = Momentum(weights, LEARNING_RATE, MOMENTUM)
        self._weights = self._optimiser.weights

    def scores(self, pictures: Array) -> Array:
        return self._scored(self._hidden(pictures))

    def step(self, batch: Batch) -> float:
        hidden = self._hidden(batch.inputs)
        loss, slope = cross_entropy(self._scored(hidden), batch.targets, self._optimiser.kicks)
        into = (slope @ self._weights["output.weight"]) * (1 - hidden**2)
        self._optimiser.step(
            {
                "hidden.weight": into.T @ batch.inputs,
                "hidden.bias": into.sum(axis=0),
                "output.weight": slope.T @ hidden,
                "output.bias": slope.sum(axis=0),
            }
        )
        return loss

    def attributions(self, question: Question, points: int) -> Array:
        way = question.pictures - question.baseline
        total = np.zeros_like(way)
        for place in midpoints(points):
            hidden = self._hidden(question.baseline + place * way)
            back = self._weights["output.weight"][question.classes] * (1 - hidden**2)
            total += back @ self._weights["hidden.weight"]
        return way * total / points

    def rewritten(self, question: Question, points: int) -> Array:
        return self.attributions(question, points)

    def twins(self) -> list[Model]:
        """Return twins of the model as it is now."""
        return twins(self, lambda twin, kicks: twin._optimiser.kick(kicks))

    def weights(self) -> dict[str, Array]:
        return self._optimiser.copies()

    def _scored(self, hidden: Array) -> Array:
        return hidden @ self._weights["output.weight"].T + self._weights["output.bias"]

    def _hidden(self, pictures: Array) -> Array:
        hidden: Array = np.tanh(pictures @ self._weights["hidden.weight"].T + self._weights["hidden.bias"])
        return hidden
