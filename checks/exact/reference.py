"""The one right answer, computed with integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.exact import STEEPEST, STRIDE, Step
from checks.exact import dyadic as exact
from checks.exact.dyadic import Dyadic, Node, dyadic
from checks.exact.models import MODELS

if TYPE_CHECKING:
    from checks.common.job import Job

Array = NDArray[Any]
_WEIGHT_BITS, _RATE_BITS = 11, 5


def all_reduce(parts: Array) -> Array:
    """Return the sum for every rank."""
    return np.broadcast_to(parts.astype(np.int64).sum(axis=0), parts.shape)


def primitives(left: Array, right: Array, image: Array, kernel: Array, job: Job) -> dict[str, Array]:  # noqa: ARG001
    """Return products and sums of integers, as integers."""
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape[2:], axis=(2, 3))[:, :, ::STRIDE, ::STRIDE]
    return {
        "product": left @ right,
        "convolution": np.einsum("nchwij,ocij->nohw", windows, kernel),
        "sum": left.sum(),
        "running sum": left.cumsum(axis=1),
    }


class Trainer:
    """A model over dyadic numbers, with slopes by reverse mode and plain SGD."""

    def __init__(self, model: str, weights: dict[str, Array], inputs: Array, targets: Array, job: Job) -> None:  # noqa: ARG002
        self._forward = MODELS[model].forward
        self._weights = {name: dyadic(weight, _WEIGHT_BITS) for name, weight in weights.items()}
        self._inputs, self._targets = dyadic(inputs, exact.GRID_BITS), dyadic(targets, exact.GRID_BITS)
        self._products: list[Array] = []

    def step(self) -> Step:
        self._products = []
        nodes = {name: Node(weight.grid(-2, 2)) for name, weight in self._weights.items()}
        result = self._forward(self, nodes, Node(self._inputs))
        apart = result.value.plus(self._targets.minus())
        loss = apart.times(apart)
        exact.backward(result, apart)
        slopes = {name: node.slope for name, node in nodes.items() if node.slope is not None}
        for name, slope in slopes.items():
            step = slope.grid(-STEEPEST, STEEPEST)
            self._weights[name] = self._weights[name].plus(Dyadic(-step.ints, step.bits + _RATE_BITS))
        half = Dyadic(loss.ints.sum(), loss.bits + 1)
        return Step(half.floats(), self._products, {name: slope.floats() for name, slope in slopes.items()})

    def weights(self) -> dict[str, Array]:
        return {name: weight.floats() for name, weight in self._weights.items()}

    def product(self, left: Node, right: Node) -> Node:
        done = exact.product(left, right)
        self._products.append(done.value.floats())
        return done

    def grid(self, value: Node, low: float, high: float) -> Node:
        return exact.grid(value, low, high)

    def transpose(self, value: Node) -> Node:
        return exact.transpose(value)

    def constant(self, value: Array) -> Node:
        return Node(dyadic(value, 0))
