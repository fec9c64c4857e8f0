"""One frame of three exchangeable parts: a model, a loss, and an optimiser that follows the gradient.

Not a check itself: `linear`, `logistic`, `mlp` and others put their parts into it. Each backend has the frame as a
class `Training`, in the way of its framework: a model is an `nn.Module`, a Keras model, a function of weights; a loss a
function of what the model gives and of the truth; an optimiser one of the framework's own.

Weights have one layout everywhere, Keras's and JAX's: ``LAYER.kernel`` (inputs, outputs), or (height, width, inputs,
outputs) of a convolution; ``LAYER.bias``, ``LAYER.scale``, ``LAYER.shift``, ``LAYER.table`` (rows, width).
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

MOMENTUM = 0.875
BETAS = (0.875, 0.96875)
UNSEEN = 2.0**-120
"""Adam's ε: frameworks place it differently, so it is too small to be seen (`checks/sgd/rules.py`)."""

Array = NDArray[np.floating]
Weights = dict[str, NDArray[np.float64]]
Inputs = tuple[NDArray[Any], ...]


class Training(Protocol):
    """A model in training; NumPy arrays go in and come out, in the frame's layout."""

    def load(self, weights: Weights) -> None:
        """Start again from `weights`, with nothing left in the optimiser."""

    def output(self, *inputs: NDArray[Any]) -> Array:
        """Return what the model gives, as it does when it is evaluated."""

    def gradients(self, inputs: Inputs, truth: NDArray[Any]) -> tuple[float, dict[str, Array]]:
        """Return the loss and its gradients; nothing moves."""

    def step(self, inputs: Inputs, truth: NDArray[Any]) -> float:
        """Make one step of the optimiser; return the loss before it."""

    def weights(self) -> dict[str, Array]:
        """Return the weights as they are."""
