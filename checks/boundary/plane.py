"""Points of two classes in the plane, drawn from known densities, and the best boundary that there is between them.

Each class is an equal mixture of three round Gaussians, so its density is known everywhere, and with it the probability
of class 1 at any place: no rule errs less than the one that takes the likelier class (Bayes' rule). Points lie on a
grid of 2^-6 within ±8, so that float32 holds their squared distances exactly, in whatever way they are computed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers

Array = NDArray[np.float64]

POINTS = 512
SIDE = 32
"""The plane is looked at in 32 × 32 places."""
EDGE = 4.0
CENTRES = (((-2.0, -1.0), (0.0, 1.5), (2.0, -0.5)), ((-2.0, 1.5), (0.0, -1.5), (2.5, 2.0)))
"""Of each class."""
SPREAD = 0.625
_GRID = 2.0**6


class Sample(NamedTuple):
    """Points (n, 2) with their classes (n), and places of the plane (1024, 2)."""

    points: Array
    labels: Array
    places: Array


class Best(NamedTuple):
    """At each place: how many of all points fall there (sums to 1), and which part of those is of class 1."""

    mass: Array
    chance: Array

    def risk(self, ones: NDArray[np.bool_]) -> float:
        """Return how often the rule errs that says class 1 at the places `ones`."""
        return float(self.mass @ np.where(ones, 1 - self.chance, self.chance))

    @property
    def least(self) -> float:
        """The risk of the best rule."""
        return self.risk(self.chance > 0.5)

    def learned(self, ones: NDArray[np.bool_]) -> float:
        """Return which part of what can be learned a rule has learned: 1 is the best rule, 0 a coin."""
        return (0.5 - self.risk(ones)) / (0.5 - self.least)


def draw(seed: int) -> Sample:
    """Draw as many points of either class."""
    labels = (np.arange(POINTS) % 2).astype(np.float64)
    which = integers(seed, "centre", (POINTS,)) % 3
    points = np.array(CENTRES)[labels.astype(int), which] + SPREAD * normal(seed, (POINTS, 2))
    return Sample(np.clip(np.rint(points * _GRID) / _GRID, -8, 8 - 1 / _GRID), labels, look())


def look() -> Array:
    """Return the places (1024, 2), row by row, from the lower left."""
    along = (np.arange(SIDE) + 0.5) * (2 * EDGE / SIDE) - EDGE
    return np.stack(np.meshgrid(along, along, indexing="xy"), axis=-1).reshape(-1, 2)


def best(places: Array) -> Best:
    """Return what is so at the places."""
    density = np.stack([_density(places, np.array(centres)) for centres in CENTRES])
    total = density.sum(axis=0)
    return Best(total / total.sum(), density[1] / total)


def normal(seed: int, shape: tuple[int, ...]) -> Array:
    """Return normal numbers (Box and Muller 1958) from drawn integers."""
    angle, size = ((integers(seed, f"normal {one}", shape, bits=32) + 0.5) / 2**32 for one in ("angle", "size"))
    return np.asarray(np.sqrt(-2 * np.log(size)) * np.cos(2 * np.pi * angle))


def _density(places: Array, centres: Array) -> Array:
    apart = ((places[:, None] - centres) ** 2).sum(axis=-1)
    return np.asarray(np.exp(-apart / (2 * SPREAD**2)).sum(axis=1))
