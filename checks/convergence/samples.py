"""Two samples of steps: whether one is larger than chance allows, by a sign test or by ranks; both exact or normal."""

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
        slower = sum(ours[seed] > theirs[seed] for seed in ours)
        faster = sum(ours[seed] < theirs[seed] for seed in ours)
        own = float(np.median([theirs[seed] for seed in ours]))
        text = f"{slower} of {len(ours)} seeds slower, {faster} faster"
        return Compared(sign_test(slower, faster), _way(slower - faster), medians[0], own, text)
    chance, shift = rank_test(np.array(list(ours.values())), np.array(list(theirs.values())))
    text = f"{len(ours)} seeds against {len(theirs)} of the reference"
    return Compared(chance, _way(shift), *medians, text)


def sign_test(slower: int, faster: int) -> float:
    """Return how likely a split at least as uneven is, when either sign is as likely (binomial, two-sided)."""
    count, most = slower + faster, max(slower, faster)
    tail: float = sum(math.comb(count, number) for number in range(most, count + 1)) / 2**count
    return min(1.0, 2.0 * tail)


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
