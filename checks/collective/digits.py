"""What ranks say to each other: each in a digit of its own, so that a sum shows who said what.

Rank r adds d × 32^r with a drawn d of 1 to 15. The sum of four ranks stays below 2^20 and is exact in float32
whatever the order, and its digits in base 32 are what each rank said: 0 is a rank that is missing, 2d one that was
counted twice, another turn's d a stale buffer. More ranks than four take turns; the others say nothing meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers, uniform

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = NDArray[Any]
BASE, SPEAKERS = 32, 4
FRACTIONS = -1
"""In the place of the first speaker: every rank speaks, in numbers whose sum is rounded."""


def turns(world: int) -> list[range]:
    """Return the ranks that speak at the same time, four at most, time after time."""
    return [range(first, min(first + SPEAKERS, world)) for first in range(0, world, SPEAKERS)]


def name(kind: str, size: int, first: int, turn: int) -> str:
    """Return the name of one exchange."""
    return f"{kind}/{size}/{first}/{turn}"


def said(kind: str, size: int, first: int, turn: int, rank: int, world: int, seed: int) -> Array:
    """Return what `rank` says in an exchange, as float32 (size), or (world × size) where it is scattered."""
    count = size * world if kind == "reduce-scatter" else size
    if first == FRACTIONS:  # the same in both turns, which must give the same bits
        return uniform(seed, f"{kind} {size} rank {rank}", (count,)).astype(np.float32)
    return (digit(kind, size, turn, rank, count, seed) * weight(rank, first)).astype(np.float32)


def digit(kind: str, size: int, turn: int, rank: int, count: int, seed: int) -> NDArray[np.int64]:
    """Return the digits of a rank, 1 to 15."""
    return 1 + integers(seed, f"{kind} {size} turn {turn} rank {rank}", (count,), bits=62) % 15


def weight(rank: int, first: int) -> int:
    """Return what a rank's digit is worth: 0 where it does not speak."""
    return BASE ** (rank - first) if 0 <= rank - first < SPEAKERS else 0


def right(kind: str, spoken: Sequence[Array], rank: int) -> Array:
    """Return what `rank` gets when the ranks have `spoken`, added up in float64."""
    if kind == "all-gather":
        return np.concatenate(spoken)
    if kind == "broadcast":
        return spoken[0]
    total = np.sum(np.asarray(spoken, np.float64), axis=0)
    return total if kind == "all-reduce" else np.split(total, len(spoken))[rank]


def heard(sums: Array, speaker: int, first: int) -> NDArray[np.int64]:
    """Return the digits of a speaker in the sums that a rank has got; -1 where a sum is no whole number."""
    whole = np.isfinite(sums) & (sums == np.rint(sums)) & (np.abs(sums) < 2.0**52)
    numbers = np.where(whole, sums, 0).astype(np.int64)
    return np.where(whole, (numbers // BASE ** (speaker - first)) % BASE, -1)


def exchanges(
    kinds: Sequence[str], sizes: Sequence[int], world: int, twice: Sequence[int]
) -> list[tuple[str, int, int, int]]:
    """Return (kind, size, first speaker or `FRACTIONS`, turn) of all exchanges, in order, the same for every rank."""
    firsts = [*(speakers[0] for speakers in turns(world)), FRACTIONS]
    return [(kind, size, first, turn) for kind in kinds for size in sizes for first in firsts for turn in twice]
