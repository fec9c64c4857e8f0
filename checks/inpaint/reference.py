"""Partial convolutions in float64: a sum over the nine places of the window, forward and backward.

With p the padded known values x ∘ m, r = 9 / Σm over the window (0 where it is empty) and δ = ∂loss/∂y:

    y = [Σm > 0] · (r · Σₖ pₖ Wₖ + b)   ∂Wₖ = Σ pₖᵀ (δ r)   ∂b = Σ δ [Σm > 0]   ∂p gathers (δ r) Wₖᵀ from its windows
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.common.float64_training import Momentum
from checks.common.sway import twins
from checks.inpaint import LEARNING_RATE, MOMENTUM, SIZES

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.inpaint import Weights
    from checks.inpaint.scene import Photo

Array = NDArray[np.float64]
_PLACES = [(row, column) for row in range(3) for column in range(3)]


class Pass(NamedTuple):
    """What one layer leaves for the way back."""

    padded: Array
    known: Array
    """What was known before it."""
    ratio: Array
    filled: Array
    """Before ReLU."""


class Model:
    """The meaning of the check."""

    def __init__(self, weights: Weights, job: Job) -> None:  # noqa: ARG002 - every backend gets the job
        self._optimiser = Momentum(weights, LEARNING_RATE, MOMENTUM)
        self._weights = self._optimiser.weights

    def fill(self, photo: Photo) -> Array:
        return self._forward(photo)[-1].filled

    def known(self, photo: Photo) -> list[Array]:
        return [(one.ratio > 0).astype(float) for one in self._forward(photo)]

    def gradients(self, photo: Photo) -> tuple[float, dict[str, Array]]:
        passes = self._forward(photo)
        wrong = (passes[-1].filled - photo.wall) * (1 - photo.known)
        count = (1 - photo.known).sum() * wrong.shape[-1]
        return float((wrong**2).sum() / count), self._backward(passes, 2 * wrong / count)[0]

    def reach(self, photo: Photo) -> Array:
        passes = self._forward(photo)
        slope = self._backward(passes, np.ones_like(photo.wall))[1]
        return np.abs(_into(passes[0], self._weights["1.weight"], slope))

    def step(self, photo: Photo) -> float:
        loss, gradients = self.gradients(photo)
        self._optimiser.step(gradients)
        return loss

    def twins(self) -> list[Model]:
        """Return twins of the model as it is now."""
        return twins(self, lambda twin, kicks: twin._optimiser.kick(kicks))

    def weights(self) -> dict[str, Array]:
        return self._optimiser.copies()

    def _forward(self, photo: Photo) -> list[Pass]:
        x, known, passes = photo.pictures, photo.known, list[Pass]()
        for layer in range(1, len(SIZES)):
            weight, bias = self._weights[f"{layer}.weight"], self._weights[f"{layer}.bias"]
            padded, count = _padded(x * known), np.sum(_windows(_padded(known)), axis=0)
            ratio = np.where(count > 0, 9 / np.maximum(count, 1), 0)
            product = sum(one @ weight[place] for one, place in zip(_windows(padded), _PLACES, strict=True))
            filled = (ratio * product + bias) * (count > 0)
            passes.append(Pass(padded, known, ratio, filled))
            x, known = np.maximum(filled, 0), (count > 0).astype(float)
        return passes

    def _backward(self, passes: list[Pass], slope: Array) -> tuple[dict[str, Array], Array]:
        """Return the gradients of the weights and of what the first layer adds up."""
        found: dict[str, Array] = {}
        for layer in range(len(passes), 0, -1):
            one, weight = passes[layer - 1], self._weights[f"{layer}.weight"]
            found[f"{layer}.bias"] = (slope * (one.ratio > 0)).sum(axis=(0, 1, 2))
            slope = slope * one.ratio
            windows = _windows(one.padded)
            found[f"{layer}.weight"] = np.stack([np.einsum("nrci,nrco->io", x, slope) for x in windows]).reshape(
                weight.shape
            )
            if layer > 1:
                slope = _into(one, weight, slope) * (passes[layer - 2].filled > 0)
        return {name: found[name] for name in self._weights}, slope


def _into(one: Pass, weight: Array, slope: Array) -> Array:
    """Return the slope of what came into a layer."""
    into = np.zeros_like(one.padded)
    rows, columns = slope.shape[1:3]
    for row, column in _PLACES:
        into[:, row : row + rows, column : column + columns] += slope @ weight[row, column].T
    return into[:, 1:-1, 1:-1] * one.known


def moved(layer: Array, disparity: Array, step: float, job: Job) -> Array:  # noqa: ARG001 - every backend gets the job
    """Return the layer taken from ``column - step · disparity``, linear between columns."""
    last = layer.shape[2] - 1
    place = np.clip(np.arange(last + 1) - step * disparity, 0, last)
    left = np.minimum(np.floor(place), last - 1).astype(int)
    share = (place - left)[..., None]
    one, other = (np.take_along_axis(layer, at[..., None], axis=2) for at in (left, left + 1))
    found: Array = (1 - share) * one + share * other
    return found


def _padded(x: Array) -> Array:
    return np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))


def _windows(padded: Array) -> list[Array]:
    """Return the nine shifted pictures, each of the size without padding."""
    rows, columns = padded.shape[1] - 2, padded.shape[2] - 2
    return [padded[:, row : row + rows, column : column + columns] for row, column in _PLACES]
