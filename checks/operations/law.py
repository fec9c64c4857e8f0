"""Distributions that a sample is held against, with a false alarm in at most one of 10^9 runs of a case.

The largest gap between the sample's distribution function and the right one exceeds ε with a probability of at most
2·exp(-2nε²), whatever the distribution and for every n (Dvoretzky, Kiefer and Wolfowitz 1956; Massart 1990, the
constant). Neighbours must not depend on each other: the mean of products of independent centred numbers in [-1, 1]
exceeds ε with a probability of at most 2·exp(-nε²/2) (Hoeffding 1963).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FALSE_ALARM = 1e-9
_EACH = FALSE_ALARM / 2  # two tests
_erf = np.vectorize(math.erf, otypes=[np.float64])

Array = NDArray[Any]


class Distance(NamedTuple):
    """How far a sample is from its law, what is allowed, and which test is nearest to its limit."""

    apart: float
    allowed: float
    text: str


class Law:
    """A distribution by its function, and by its limit from below where it has steps."""

    def __init__(self, cdf: Callable[[Array], Array], below: Callable[[Array], Array] | None = None) -> None:
        self._cdf, self._below = cdf, below or cdf

    def distance(self, sample: Array) -> Distance:
        """Return the worse of the two tests, as a share of what it allows."""
        flat = np.asarray(sample, np.float64).reshape(-1)
        gap = Distance(self._gap(flat), math.sqrt(math.log(2 / _EACH) / (2 * flat.size)), "gap of the distributions")
        pairs = flat.size // 2
        bond = Distance(self._bond(flat[: 2 * pairs]), math.sqrt(2 * math.log(2 / _EACH) / pairs), "bond of neighbours")
        worst = max(gap, bond, key=lambda one: one.apart / one.allowed)
        return worst._replace(
            text=f"{worst.text} {worst.apart:.2g}, of {flat.size} numbers, allowed {worst.allowed:.2g}"
        )

    def _gap(self, flat: Array) -> float:
        if not np.isfinite(flat).all():
            return math.inf
        values, counts = np.unique(flat, return_counts=True)
        up_to = np.cumsum(counts) / flat.size
        under = up_to - counts / flat.size
        return float(max(np.abs(up_to - self._cdf(values)).max(), np.abs(under - self._below(values)).max()))

    def _bond(self, flat: Array) -> float:
        """Return |mean of products| of each pair of neighbours, each centred in [-1, 1]."""
        middle = self._cdf(flat) + self._below(flat) - 1
        return float(abs((middle[::2] * middle[1::2]).mean()))


def uniform(low: float, high: float) -> Law:
    """Return the uniform law between two numbers."""
    return Law(lambda x: np.clip((x - low) / (high - low), 0, 1))


def normal(mean: float = 0.0, deviation: float = 1.0) -> Law:
    """Return the normal law."""
    return Law(lambda x: 0.5 * (1 + _erf((x - mean) / (deviation * math.sqrt(2)))))


def truncated(deviation: float, at: float = 2.0) -> Law:
    """Return the normal law of mean 0 between ± `at` deviations."""
    inside = math.erf(at / math.sqrt(2))
    return Law(lambda x: np.clip(0.5 + 0.5 * _erf(x / (deviation * math.sqrt(2))) / inside, 0, 1))


def exponential(rate: float = 1.0) -> Law:
    """Return the exponential law."""
    return Law(lambda x: -np.expm1(-rate * np.maximum(x, 0)))


def steps(shares: list[float]) -> Law:
    """Return the law of the integers 0, 1, … that have these probabilities."""
    total = np.cumsum([0.0, *shares])

    def up_to(x: Array) -> Array:
        return np.asarray(total[np.clip(np.floor(x).astype(int) + 1, 0, len(shares))])

    return Law(up_to, lambda x: np.asarray(total[np.clip(np.ceil(x).astype(int), 0, len(shares))]))


def bernoulli(share: float) -> Law:
    """Return the law of 1 with probability `share`, else 0."""
    return steps([1 - share, share])


def gumbel() -> Law:
    """Return the law of -ln(-ln u)."""
    return Law(lambda x: np.exp(-np.exp(-x)))


def laplace() -> Law:
    """Return the law of density e^-|x| / 2."""
    return Law(lambda x: np.where(x < 0, 0.5 * np.exp(np.minimum(x, 0)), 1 - 0.5 * np.exp(-np.maximum(x, 0))))


def cauchy() -> Law:
    """Return the law of density 1 / π(1 + x²)."""
    return Law(lambda x: 0.5 + np.arctan(x) / math.pi)


def poisson(rate: float) -> Law:
    """Return the law of counts."""
    return steps([math.exp(-rate + n * math.log(rate) - math.lgamma(n + 1)) for n in range(200)])
