"""The rules in PyTorch: `linalg`, `topk`, `gather`, and a network of `nn.Linear`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from checks.boundary import BETAS, EPSILON, HIDDEN, RATE
from checks.boundary.support import GAMMA
from checks.common.pytorch import array, device, dtype

if TYPE_CHECKING:
    from checks.boundary import Weights
    from checks.boundary.plane import Sample
    from checks.boundary.support import Machine
    from checks.boundary.trees import Trees
    from checks.common.job import Job

Array = np.ndarray[Any, Any]


def logistic(features: Array, labels: Array, steps: int, job: Job) -> Array:
    """Return the weights after Newton's steps from nothing."""
    seen, truth = _tensor(features, job), _tensor(labels, job)
    weights = torch.zeros(seen.shape[1], dtype=dtype(job), device=device(job))
    ridge = torch.eye(len(weights), dtype=dtype(job), device=device(job))
    for _ in range(steps):
        chance = torch.sigmoid(seen @ weights)
        slope = seen.T @ (chance - truth) + weights
        curvature = (seen.T * (chance * (1 - chance))) @ seen + ridge
        weights = weights - torch.linalg.solve(curvature, slope)
    return array(weights)


def scored(features: Array, weights: Array, job: Job) -> Array:
    """Return the log-odds of each row of features."""
    return array(_tensor(features, job) @ _tensor(weights, job))


def quadratic(sample: Sample, job: Job) -> Array:
    """Return the log-odds of two Gaussians at every place."""
    places, found = _tensor(sample.places, job), []
    for label in (0, 1):
        points = _tensor(sample.points[sample.labels == label], job)
        root = torch.linalg.cholesky(torch.cov(points.T))
        apart = torch.linalg.solve_triangular(root, (places - points.mean(dim=0)).T, upper=False)
        found.append(-apart.square().sum(dim=0) / 2 - root.diagonal().log().sum())
    return array(found[1] - found[0])


def neighbours(sample: Sample, count: int, job: Job) -> Array:
    """Return the share of class 1 among the nearest at every place."""
    places, points, labels = (_tensor(part, job) for part in (sample.places, sample.points, sample.labels))
    apart = _apart(places, points)
    near = apart <= apart.topk(count, largest=False).values.amax(dim=1, keepdim=True)
    return array(torch.where(near, labels, 0).sum(dim=1) / near.sum(dim=1))


def support(machine: Machine, places: Array, job: Job) -> Array:
    """Return the scores of a kernel machine at every place."""
    vectors, weights = _tensor(machine.vectors, job), _tensor(machine.weights, job)
    apart = _apart(_tensor(places, job), vectors)
    return array(torch.exp(-GAMMA * apart) @ weights + weights.sum())


def walk(grown: Trees, places: Array, job: Job) -> Array:
    """Return the sum of the leaves that each place reaches."""
    points, threshold, leaf = (_tensor(part, job) for part in (places, grown.threshold, grown.leaf))
    feature = torch.from_numpy(grown.feature).to(device(job))
    node = torch.zeros((len(leaf), len(points)), dtype=torch.int64, device=device(job))
    for _ in range(grown.depth):
        value = points.T.gather(0, feature.gather(1, node))
        node = 2 * node + 1 + (value > threshold.gather(1, node))
    return array(leaf.gather(1, node - feature.shape[1]).sum(dim=0))


class Network:
    """The network and its optimiser."""

    def __init__(self, weights: Weights, job: Job) -> None:
        self.job = job
        layers = [nn.Linear(2, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 1)]
        self.net = nn.Sequential(*layers).to(device(job), dtype(job))
        for name, parameter in self._named().items():
            with torch.no_grad():
                parameter.copy_(_tensor(weights[name].T, job))
        self.loss = nn.BCEWithLogitsLoss()
        self.optimiser = torch.optim.Adam(self.net.parameters(), RATE, BETAS, eps=EPSILON)

    def step(self, points: Array, labels: Array) -> float:
        self.optimiser.zero_grad()
        loss = self.loss(self.net(_tensor(points, self.job)).squeeze(1), _tensor(labels, self.job))
        loss.backward()
        self.optimiser.step()
        return float(loss.item())

    @torch.no_grad()
    def scores(self, places: Array) -> Array:
        return array(self.net(_tensor(places, self.job)).squeeze(1))

    def weights(self) -> dict[str, Array]:
        return {name: array(parameter).T for name, parameter in self._named().items()}

    def _named(self) -> dict[str, nn.Parameter]:
        kinds = [f"{kind} {layer}" for layer in (1, 2, 3) for kind in ("weight", "bias")]
        return dict(zip(kinds, self.net.parameters(), strict=True))


def _apart(one: Tensor, other: Tensor) -> Tensor:
    """Return squared distances: sums of two squares, which float32 holds on this grid."""
    return (one[:, None] - other).square().sum(dim=-1)


def _tensor(values: Array, job: Job) -> Tensor:
    return torch.tensor(values, dtype=dtype(job), device=device(job))
