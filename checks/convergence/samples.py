"""Two samples of steps: whether one is larger than chance allows, by signed ranks of pairs or by ranks of all."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Steps = dict[int, int]


class Compared(NamedTuple):
    """How likely so large a difference is by chance, in either direction; the medians, and what was compared."""

    chance: float
    way: str
    ours: float
    theirs: float
    text: str


def compare(ours: Steps, theirs: Steps) -> Compared:
    """Compare seed by seed where the reference has them all, else sample with sample."""
    medians = float(np.median(list(ours.values()))), float(np.median(list(theirs.values())))
    if ours.keys() <= theirs.keys():
        apart = np.array([ours[seed] - theirs[seed] for seed in ours])
        slower, faster = int((apart > 0).sum()), int((apart < 0).sum())
        own = float(np.median([theirs[seed] for seed in ours]))
        text = f"{slower} of {len(ours)} seeds slower, {faster} faster"
        return Compared(signed_rank_test(apart), _way(float(apart.sum())), medians[0], own, text)
    chance, shift = rank_test(np.array(list(ours.values())), np.array(list(theirs.values())))
    text = f"{len(ours)} seeds against {len(theirs)} of the reference"
    return Compared(chance, _way(shift), *medians, text)


def signed_rank_test(differences: NDArray[np.int64]) -> float:
    """Return the two-sided chance of Wilcoxon's signed ranks (1945), counted over every way the signs can fall.

    Differences of 0 are left out. Ranks of equal ones are their mean; all are doubled, so that they are whole.
    """
    apart = differences[differences != 0]
    values, places, counts = np.unique(np.abs(apart), return_inverse=True, return_counts=True)
    if not len(values):
        return 1.0
    doubled = (2 * np.cumsum(counts) - counts + 1)[places]
    ways = np.ones(1)
    for rank in doubled.tolist():
        ways = np.pad(ways, (0, rank)) + np.pad(ways, (rank, 0))
    up = int(doubled[apart > 0].sum())
    return min(1.0, 2.0 * float(min(ways[up:].sum(), ways[: up + 1].sum())) / 2.0 ** len(apart))


def rank_test(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> tuple[float, float]:
    """Return the two-sided chance of Mann and Whitney's U (1947), by its normal form with ties, and the shift of ranks.

    From 8 values on either side the normal form is off by little; a table that is larger makes it smaller still.
    """
    both = np.concatenate([ours, theirs])
    values, places, counts = np.unique(both, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[places]
    one, two, all_of = len(ours), len(theirs), len(both)
    excess = float(ranks[:one].sum() - one * (all_of + 1) / 2)
    ties = float((counts**3 - counts).sum()) / (all_of * (all_of - 1))
    variance = one * two / 12 * (all_of + 1 - ties)
    if len(values) == 1 or variance <= 0:
        return 1.0, 0.0
    size = max(0.0, abs(excess) - 0.5) / math.sqrt(variance)
    return math.erfc(size / math.sqrt(2)), excess


def _way(shift: float) -> str:
    return "slower than float64" if shift > 0 else "faster than float64" if shift < 0 else "as fast as float64"
