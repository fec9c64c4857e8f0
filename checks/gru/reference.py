"""The GRU classifier in float64 NumPy: forward, backpropagation through time, SGD with momentum.

Shapes: n names, t letters, h = 64 hidden units, e = 16, c languages; gates are reset r, update z, candidate g.

    a = Wx + b, u = Vh + d            (each gate)
    r = σ(a_r + u_r)   z = σ(a_z + u_z)   g = tanh(a_g + r·u_g)   h' = (1-z)·g + z·h

Letters after a name's end leave its state as it is. Backward, with δ = ∂loss/∂h':

    ∂z = δ·(h-g)·z(1-z)   ∂g = δ·(1-z)·(1-g²)   ∂r = ∂g·u_g·r(1-r)
    ∂a = (∂r, ∂z, ∂g)     ∂u = (∂r, ∂z, r·∂g)   ∂h = δ·z + ∂u V
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.common.float64_training import Momentum, cross_entropy
from checks.gru import LEARNING_RATE, MOMENTUM

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.gru import Weights
    from checks.gru.names import Batch

Array = NDArray[np.float64]


class Cell(NamedTuple):
    """What one time step leaves for the way back."""

    inputs: Array
    before: Array
    reset: Array
    update: Array
    candidate: Array
    recalled: Array
    """u_g: the candidate's recurrent part, before the reset."""
    alive: Array
    """(n, 1): 1 where the name has a letter here."""


class Model:
    """The meaning of the check."""

    def __init__(self, weights: Weights, job: Job) -> None:  # noqa: ARG002 - every backend gets the job
        self.load(weights)

    def load(self, weights: Weights) -> None:
        self._optimiser = Momentum(weights, LEARNING_RATE, MOMENTUM)
        self._weights = self._optimiser.weights

    def state(self, batch: Batch) -> Array:
        return self._forward(batch)[0]

    def looped(self, batch: Batch) -> Array:
        return self.state(batch)

    def logits(self, batch: Batch) -> Array:
        return self.state(batch) @ self._weights["output.weight"].T + self._weights["output.bias"]

    def gradients(self, batch: Batch, part: float = 1.0) -> tuple[float, dict[str, Array]]:
        weights = self._weights
        state, cells = self._forward(batch)
        scores = state @ weights["output.weight"].T + weights["output.bias"]
        loss, slope = cross_entropy(scores, batch.languages)
        slope = part * slope
        gradients = {name: np.zeros_like(weight) for name, weight in weights.items()}
        gradients["output.weight"] = slope.T @ state
        gradients["output.bias"] = slope.sum(axis=0)
        flowing = slope @ weights["output.weight"]
        for place in reversed(range(len(cells))):
            flowing, into_letters = self._backward(cells[place], flowing, gradients)
            np.add.at(gradients["embedding"], batch.letters[:, place], into_letters)
        return loss, gradients

    def step(self, batch: Batch) -> float:
        loss, gradients = self.gradients(batch)
        self._optimiser.step(gradients)
        return loss

    def weights(self) -> dict[str, Array]:
        return self._optimiser.copies()

    def _forward(self, batch: Batch) -> tuple[Array, list[Cell]]:
        weights = self._weights
        state = np.zeros((len(batch.letters), weights["gru.recurrent"].shape[-1]))
        cells = []
        for place in range(batch.letters.shape[1]):
            inputs = weights["embedding"][batch.letters[:, place]]
            alive = (place < batch.lengths)[:, None].astype(float)
            a = inputs @ weights["gru.input"].swapaxes(1, 2) + weights["gru.input_bias"][:, None]
            u = state @ weights["gru.recurrent"].swapaxes(1, 2) + weights["gru.recurrent_bias"][:, None]
            reset, update = sigmoid(a[0] + u[0]), sigmoid(a[1] + u[1])
            candidate = np.tanh(a[2] + reset * u[2])
            cells.append(Cell(inputs, state, reset, update, candidate, u[2], alive))
            state = alive * ((1 - update) * candidate + update * state) + (1 - alive) * state
        return state, cells

    def _backward(self, cell: Cell, flowing: Array, gradients: dict[str, Array]) -> tuple[Array, Array]:
        """Add one time step's gradients; return the flow into the state before it and into its letters."""
        here = flowing * cell.alive
        update = here * (cell.before - cell.candidate) * cell.update * (1 - cell.update)
        candidate = here * (1 - cell.update) * (1 - cell.candidate**2)
        reset = candidate * cell.recalled * cell.reset * (1 - cell.reset)
        into_a = np.stack([reset, update, candidate])
        into_u = np.stack([reset, update, candidate * cell.reset])
        gradients["gru.input"] += into_a.swapaxes(1, 2) @ cell.inputs
        gradients["gru.recurrent"] += into_u.swapaxes(1, 2) @ cell.before
        gradients["gru.input_bias"] += into_a.sum(axis=1)
        gradients["gru.recurrent_bias"] += into_u.sum(axis=1)
        before = here * cell.update + (into_u @ self._weights["gru.recurrent"]).sum(axis=0)
        into_letters = (into_a @ self._weights["gru.input"]).sum(axis=0)
        return before + flowing * (1 - cell.alive), into_letters


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + e^-x), without overflow for any x."""
    return 0.5 * (1 + np.tanh(0.5 * x))
