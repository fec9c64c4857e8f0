"""What the references share: cross-entropy from logits, and SGD with momentum, in float64 NumPy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from checks.common.sway import Kicks

Array = NDArray[np.float64]


def cross_entropy(scores: Array, truth: NDArray[np.int64], kicks: Kicks | None = None) -> tuple[float, Array]:
    """Return -ln softmax(scores)[truth], mean over the rows, and its slope ∂loss/∂scores; of a twin, with its `kicks`.

    What is rounded on the way is a sum of at least 1, whose logarithm may be next to nothing: of a loss that has fallen
    to a hundredth, float32 keeps no more than of one that has not.
    """
    rows = np.arange(len(truth))
    shifted = scores - scores.max(axis=1, keepdims=True)
    total = np.exp(shifted).sum(axis=1, keepdims=True)
    logs = shifted - np.log(kicks(total) if kicks else total)
    slope = np.exp(logs)
    slope[rows, truth] -= 1
    return float(-logs[rows, truth].mean()), slope / len(truth)


class Momentum:
    """SGD with momentum: v ← μv + g, w ← w - ηv; of a twin (`sway.py`), with `kicks`."""

    kicks: Kicks | None = None

    def __init__(self, weights: Mapping[str, Array], rate: float, momentum: float) -> None:
        self.weights = {name: weight.copy() for name, weight in weights.items()}
        self._velocity = {name: np.zeros_like(weight) for name, weight in weights.items()}
        self._rate, self._momentum = rate, momentum

    def step(self, gradients: Mapping[str, Array]) -> None:
        """Move every weight once."""
        for name, gradient in (self.kicks.all(gradients) if self.kicks else gradients).items():
            self._velocity[name] = self._momentum * self._velocity[name] + gradient
            self.weights[name] -= self._rate * self._velocity[name]

    def kick(self, kicks: Kicks) -> None:
        """Become the optimiser of a twin."""
        self.kicks = kicks
        self.weights |= kicks.all(self.weights)  # in the mapping that the model looks into

    def copies(self) -> dict[str, Array]:
        """Return the weights as they are."""
        return {name: weight.copy() for name, weight in self.weights.items()}
