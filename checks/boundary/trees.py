"""Classification trees grown in NumPy: one, a forest of them, and a boosted sum. What frameworks do is to walk them.

A tree splits where the Gini impurity falls the most (Breiman, Friedman, Olshen and Stone 1984); the first of equal
splits is taken. A forest grows each tree on a bootstrap of the points (Breiman 2001), with both features at every
split. Boosting adds trees of two levels, each fitted to the slope of the logistic loss, with one Newton step per leaf
(Friedman 2001). Thresholds lie halfway between points and leaves on a grid of 2^-10, so that a walk and the sum over
all trees are exact in float32.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers

Array = NDArray[np.float64]
Index = NDArray[np.int64]

DEPTH, TREES = 5, 16
ROUNDS, STUMP, RATE = 24, 2, 0.5
FEWEST = 8
"""Points a leaf has at least."""
_GRID = 2.0**10


class Trees(NamedTuple):
    """Complete binary trees of one depth, node 0 the root and node i's children 2i + 1 and 2i + 2.

    `feature` and `threshold` are (trees, 2^depth - 1): a point goes right where its feature is above the threshold.
    `leaf` (trees, 2^depth) holds what each leaf adds to the sum.
    """

    feature: Index
    threshold: Array
    leaf: Array

    @property
    def depth(self) -> int:
        return int(self.leaf.shape[1]).bit_length() - 1


def tree(points: Array, labels: Array) -> Trees:
    """Return one tree; its leaves hold the share of class 1 there, less a half."""
    return _pack([_classify(points, labels, np.ones(len(labels)))])


def forest(points: Array, labels: Array, seed: int) -> Trees:
    """Return the trees of a forest; the sum over them is the mean vote, less a half."""
    grown = []
    for number in range(TREES):
        chosen = integers(seed, f"bootstrap {number}", (len(labels),)) % len(labels)
        counts = np.bincount(chosen, minlength=len(labels)).astype(np.float64)
        grown.append(_classify(points, labels, counts))
    found = _pack(grown)
    return found._replace(leaf=_round(found.leaf / TREES))


def boosted(points: Array, labels: Array) -> Trees:
    """Return the trees of a boosted sum, which is the log-odds of class 1."""
    scores, grown = np.zeros(len(labels)), []
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-scores))
        slope, weight = labels - chance, chance * (1 - chance)
        one = _grow(points, slope, np.ones(len(labels)), STUMP)
        for place, rows in enumerate(one.rows):
            one.leaf[place] = RATE * slope[rows].sum() / weight[rows].sum() if len(rows) else 0.0
        grown.append(one)
        scores = scores + walk(_pack([one]), points)
    return _pack(grown)


def walk(trees: Trees, points: Array) -> Array:
    """Return the sum of the leaves (n) that the points reach."""
    node = np.zeros((len(trees.leaf), len(points)), np.int64)
    which = np.arange(len(trees.leaf))[:, None]
    for _ in range(trees.depth):
        value = points[np.arange(len(points)), trees.feature[which, node]]
        node = 2 * node + 1 + (value > trees.threshold[which, node])
    return np.asarray(trees.leaf[which, node - trees.feature.shape[1]].sum(axis=0))


class _Grown(NamedTuple):
    """A tree whose leaves are still to be filled, and the points in each of them."""

    feature: Index
    threshold: Array
    leaf: Array
    rows: list[Index]


def _classify(points: Array, labels: Array, counts: Array) -> _Grown:
    """Return a tree whose leaves hold the share of class 1, less a half, of points that are there `counts` times."""
    grown = _grow(points, labels, counts, DEPTH)
    for place, rows in enumerate(grown.rows):
        grown.leaf[place] = labels[rows] @ counts[rows] / counts[rows].sum() - 0.5 if len(rows) else 0.0
    return grown


def _grow(points: Array, target: Array, counts: Array, depth: int) -> _Grown:
    """Split level by level, so that the points of leaves come out in order."""
    inner = 2**depth - 1
    feature, threshold, rows = np.zeros(inner, np.int64), np.zeros(inner), [np.flatnonzero(counts)]
    for node in range(inner):
        here = rows[node]
        feature[node], threshold[node] = _split(points[here], target[here], counts[here])
        right = points[here, feature[node]] > threshold[node]
        rows += [here[~right], here[right]]
    return _Grown(feature, threshold, np.zeros(inner + 1), rows[inner:])


def _split(points: Array, target: Array, counts: Array) -> tuple[int, float]:
    """Return feature and threshold that leave the least variance, Gini's impurity for classes; infinity for none."""
    least, chosen = np.inf, (0, np.inf)
    for feature in range(points.shape[1]):
        order = np.argsort(points[:, feature], kind="stable")
        value, weight = points[order, feature], counts[order]
        sums, sizes = np.cumsum(target[order] * weight), np.cumsum(weight)
        cut = np.flatnonzero(value[1:] > value[:-1])
        cut = cut[(sizes[cut] >= FEWEST) & (sizes[-1:] - sizes[cut] >= FEWEST)]
        if not len(cut):
            continue
        left, right = sums[cut] ** 2 / sizes[cut], (sums[-1] - sums[cut]) ** 2 / (sizes[-1] - sizes[cut])
        place = int(np.argmax(np.round(left + right, 9)))
        cost = -round(float(left[place] + right[place]), 9)
        if cost < least:
            least = cost
            chosen = (feature, float((value[cut[place]] + value[cut[place] + 1]) / 2))
    return chosen


def _round(values: Array) -> Array:
    return np.asarray(np.rint(values * _GRID) / _GRID)


def _pack(grown: list[_Grown]) -> Trees:
    feature, threshold, leaf = (
        np.stack([getattr(one, name) for one in grown]) for name in ("feature", "threshold", "leaf")
    )
    # a threshold that nothing is above: 16 is beyond every point, and exact
    return Trees(feature, np.where(np.isinf(threshold), 16.0, threshold), _round(leaf))
