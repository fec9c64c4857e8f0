"""Who meets whom: disjoint pairs, round after round, so that every link is used alone by its two ends."""

from __future__ import annotations

from collections.abc import Sequence

Pair = tuple[int, int]
COMPLETE = 64
"""Up to so many ends every one meets every other; beyond, each meets this many less one, evenly chosen."""


def tournament(ends: int, most: int = COMPLETE - 1) -> list[list[Pair]]:
    """Return rounds of disjoint pairs of ``range(ends)``: a round robin by the circle method, `most` rounds of it.

    All rounds are every pair once. Of fewer rounds each end meets as many others, and none twice.
    """
    even = ends + ends % 2
    rounds = []
    for turn in _evenly(even - 1, most):
        circle = [0, *((place + turn) % (even - 1) + 1 for place in range(even - 1))]
        pairs = ((circle[place], circle[even - 1 - place]) for place in range(even // 2))
        rounds.append([(min(pair), max(pair)) for pair in pairs if max(pair) < ends])
    return [some for some in rounds if some]


def rounds(hosts: Sequence[Sequence[int]], most: int = COMPLETE - 1) -> list[tuple[str, list[Pair]]]:
    """Return the rounds over the ranks of `hosts`: within a host all pairs, between hosts those of the same place.

    Two hosts use all their common places at once, as a collective does. Rank i of one host and rank j of another do
    not meet: their path is made of parts that others use.
    """
    found: list[tuple[str, list[Pair]]] = []
    widest = max(map(len, hosts), default=0)
    for some in tournament(widest):
        inner = [(ranks[one], ranks[two]) for ranks in hosts for one, two in some if two < len(ranks)]
        found += [("within", inner)] if inner else []
    for some in tournament(len(hosts), most):
        found.append(("between", [pair for one, two in some for pair in zip(hosts[one], hosts[two], strict=False)]))
    return found


def halves(ranks: Sequence[int]) -> list[list[int]]:
    """Return the two halves of a group."""
    middle = len(ranks) // 2
    return [list(ranks[:middle]), list(ranks[middle:])]


def _evenly(count: int, most: int) -> list[int]:
    return list(range(count)) if count <= most else sorted({index * count // most for index in range(most)})
