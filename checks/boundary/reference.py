"""The rules in float64 NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.boundary import BETAS, EPSILON, RATE, trees
from checks.boundary.support import kernel
from checks.common.sway import Kicks, twins

if TYPE_CHECKING:
    from checks.boundary import Weights
    from checks.boundary.plane import Sample
    from checks.boundary.support import Machine
    from checks.boundary.trees import Trees
    from checks.common.job import Job

Array = NDArray[np.float64]


def logistic(features: Array, labels: Array, steps: int, job: Job) -> Array:  # noqa: ARG001 - every backend takes it
    """Return the weights after Newton's steps from nothing."""
    weights = np.zeros(features.shape[1])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-features @ weights))
        slope = features.T @ (chance - labels) + weights
        curvature = (features.T * (chance * (1 - chance))) @ features + np.eye(len(weights))
        weights = weights - np.linalg.solve(curvature, slope)
    return weights


def scored(features: Array, weights: Array, job: Job) -> Array:  # noqa: ARG001
    """Return the log-odds of each row of features."""
    return features @ weights


def quadratic(sample: Sample, job: Job) -> Array:  # noqa: ARG001
    """Return the log-odds of two Gaussians at every place."""
    found = []
    for label in (0, 1):
        points = sample.points[sample.labels == label]
        root = np.linalg.cholesky(np.cov(points, rowvar=False))
        apart = np.linalg.solve(root, (sample.places - points.mean(axis=0)).T)
        found.append(-(apart**2).sum(axis=0) / 2 - np.log(np.diag(root)).sum())
    return np.asarray(found[1] - found[0])


def neighbours(sample: Sample, count: int, job: Job) -> Array:  # noqa: ARG001
    """Return the share of class 1 among the nearest at every place."""
    apart = ((sample.places[:, None] - sample.points) ** 2).sum(axis=-1)
    near = apart <= np.sort(apart, axis=1)[:, count - 1 : count]
    return np.asarray(near @ sample.labels / near.sum(axis=1))


def support(machine: Machine, places: Array, job: Job) -> Array:  # noqa: ARG001
    """Return the scores of a kernel machine at every place."""
    return np.asarray((kernel(places, machine.vectors) + 1) @ machine.weights)


def walk(grown: Trees, places: Array, job: Job) -> Array:  # noqa: ARG001
    """Return the sum of the leaves that each place reaches."""
    return trees.walk(grown, places)


class Network:
    """The network, its slopes written out, and Adam; as a twin (`checks/common/sway.py`), with `kicks`."""

    kicks: Kicks | None = None

    def __init__(self, weights: Weights, job: Job) -> None:  # noqa: ARG002
        self._weights = {name: weight.copy() for name, weight in weights.items()}
        self._first = {name: np.zeros_like(weight) for name, weight in weights.items()}
        self._second = {name: np.zeros_like(weight) for name, weight in weights.items()}
        self._time = 0

    def twins(self) -> list[Network]:
        """Return twins of the network as it is now."""
        return twins(self, Network.kick)

    def kick(self, kicks: Kicks) -> None:
        """Become a twin."""
        self.kicks = kicks
        self._weights = kicks.all(self._weights)

    def step(self, points: Array, labels: Array) -> float:
        weights = self._kicked(self._weights)
        layers = self._layers(points, weights)
        scores = layers[-1][:, 0]
        back = ((1 / (1 + np.exp(-scores)) - labels) / len(labels))[:, None]
        slopes = {}
        for layer in (3, 2, 1):
            slopes[f"weight {layer}"] = layers[layer - 1].T @ back
            slopes[f"bias {layer}"] = back.sum(axis=0)
            if layer > 1:
                back = (back @ weights[f"weight {layer}"].T) * (1 - layers[layer - 1] ** 2)
        self._move(self._kicked(slopes))
        return float((np.logaddexp(0, scores) - labels * scores).mean())

    def scores(self, places: Array) -> Array:
        return self._layers(places, self._kicked(self._weights))[-1][:, 0]

    def weights(self) -> Weights:
        return {name: weight.copy() for name, weight in self._weights.items()}

    def _layers(self, points: Array, weights: Weights) -> list[Array]:
        points = self.kicks(points) if self.kicks else points
        one = np.tanh(points @ weights["weight 1"] + weights["bias 1"])
        two = np.tanh(one @ weights["weight 2"] + weights["bias 2"])
        return [points, one, two, two @ weights["weight 3"] + weights["bias 3"]]

    def _kicked(self, values: Weights) -> Weights:
        return self.kicks.all(values) if self.kicks else values

    def _move(self, slopes: Weights) -> None:
        self._time += 1
        for name, slope in slopes.items():
            self._first[name] = BETAS[0] * self._first[name] + (1 - BETAS[0]) * slope
            self._second[name] = BETAS[1] * self._second[name] + (1 - BETAS[1]) * slope**2
            mean = self._first[name] / (1 - BETAS[0] ** self._time)
            square = self._second[name] / (1 - BETAS[1] ** self._time)
            self._weights[name] -= RATE * mean / (np.sqrt(square) + EPSILON)
