"""The network in float64 NumPy.

Normalisation of a channel with mean μ and variance σ² over images and places: (x - μ) / √(σ² + ε) γ + β; in evaluation
μ and σ² are the moving ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.cnn import EPSILON, KEPT, RATE, fresh
from checks.common.tape import Array, Node
from checks.common.tape_functions import convolve, cross_entropy, largest_of_four, relu, sqrt
from checks.descent.reference import Nodes, Training, dense, momentum

if TYPE_CHECKING:
    from checks.cnn import Images, Statistics
    from checks.common.job import Job
    from checks.descent import Inputs, Weights

PLACES = (0, 1, 2)


class Network(Training):
    """The frame with moving statistics."""

    def __init__(self, weights: Weights) -> None:
        self._seen: dict[str, Array] = {}
        self._moving: dict[str, Array] = {}
        super().__init__(self._scores, cross_entropy, momentum(RATE), weights)

    def load(self, weights: Weights) -> None:
        super().load(weights)
        self.set_statistics(fresh())

    def step(self, inputs: Inputs, truth: NDArray[Any]) -> float:
        loss = super().step(inputs, truth)
        self._moving = {name: KEPT * old + (1 - KEPT) * self._seen[name] for name, old in self._moving.items()}
        return loss

    def _learning(self, nodes: Nodes, *inputs: NDArray[Any]) -> Node:
        self._seen = {}
        return self._scores(nodes, *inputs, training=True)

    def statistics(self) -> Statistics:
        return dict(self._moving)

    def set_statistics(self, statistics: Statistics) -> None:
        self._moving = {name: value.astype(np.float64) for name, value in statistics.items()}

    def layouts(self, images: Images) -> dict[str, Array]:
        return {"channels last": self.output(images)}

    def _scores(self, nodes: Nodes, images: Images, *, training: bool = False) -> Node:
        x = Node(images)
        for number in (1, 2):
            convolved = convolve(x, nodes[f"conv{number}.kernel"])
            x = largest_of_four(relu(self._normal(nodes, f"norm{number}", convolved, training=training)))
        return dense(nodes, "scores", x.reshape(len(images), -1))

    def _normal(self, nodes: Nodes, layer: str, x: Node, *, training: bool) -> Node:
        mean, variance = Node(self._moving[f"{layer}.mean"]), Node(self._moving[f"{layer}.variance"])
        if training:
            mean = x.mean(PLACES)
            variance = ((x - mean) * (x - mean)).mean(PLACES)
            self._seen |= {f"{layer}.mean": mean.value, f"{layer}.variance": variance.value}
        return (x - mean) / sqrt(variance + EPSILON) * nodes[f"{layer}.scale"] + nodes[f"{layer}.shift"]


def network(weights: Weights, job: Job) -> Network:  # noqa: ARG001 - every backend gets the job
    """Return the network under cross-entropy and SGD with momentum."""
    return Network(weights)


def augment(images: Images, shifts: NDArray[np.int64], job: Job) -> Images:  # noqa: ARG001
    """Return each image moved down and right by its `shifts`."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    side = images.shape[1]
    return np.stack([
        one[1 - down : 1 - down + side, 1 - right : 1 - right + side]
        for one, (down, right) in zip(padded, shifts, strict=True)
    ])  # fmt: skip
