"""Probes that measure, from the results of a product, how many bits it kept of its inputs and of its sums.

A diagonal matrix of 1 + 2^-k times the identity gives 1 + 2^-k back exactly when an input keeps k bits after the
leading one: TF32 keeps 10 of float32's 23, bfloat16 7. Both sides are asked. A diagonal of the largest and smallest
powers of two distinguishes float16, whose exponents end at 15, from TF32. And a row 1, s, s, …, s, -1 times ones is the
sum of the s, but only if the sum keeps them beside the 1, in any order of summation.

Tiny matrices may take another path than large ones, so several sizes are asked and the worst answer counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from checks.numerics.products import Product

Array = NDArray[np.float64]
_SIZES = ((64, 64, 64), (256, 256, 256), (57, 65, 61))  # the last only where odd sizes are allowed
_SMALL = 32
"""How many small numbers a sum has: a power of two, so that every format holds it."""

NAMES = {
    53: "float64",
    24: "float32",
    16: "pairs of bfloat16",
    11: "TF32",
    8: "bfloat16",
    4: "float8 e4m3",
    3: "float8 e5m2",
}


class Precision(NamedTuple):
    """What a product really has: significant bits of left and right inputs, their range, and bits of its sums."""

    left: int
    right: int
    wide: bool
    """Whether the largest and smallest powers of two that were asked for came through."""
    sums: int

    @property
    def digits(self) -> int:
        """Return the significant bits of the poorer side."""
        return min(self.left, self.right)


def find_precision(product: Product) -> Precision:
    """Ask all probes at all sizes; the poorest answer counts."""
    stored = product.holds or product.digits
    found = []
    for rows, inner, columns in _sizes(product):
        diagonal, eye = _diagonal(rows, inner, stored), np.eye(inner, columns)
        left = _kept(product.run(diagonal, eye), diagonal @ eye, stored)
        right = _kept(product.run(np.eye(rows, inner), diagonal.T[:, :columns]).T, (diagonal.T[:, :columns]).T, stored)
        powers = _powers(rows, inner, product.exponent)
        wide = bool((product.run(powers, eye) == powers @ eye).all())
        found.append(Precision(left, right, wide, _sum_bits(product, rows, inner, columns)))
    left, right, wide, sums = (min(answers) for answers in zip(*found, strict=True))
    return Precision(left, right, wide, sums)


def name_precision(precision: Precision, exponent: int) -> str:
    """Return the name of the precision that the inputs really had, asked for powers of two up to `exponent`."""
    if precision.digits == 11 and not (precision.wide and exponent > 15):
        return "float16"
    return NAMES.get(precision.digits, f"{precision.digits} bits")


def _sizes(product: Product) -> list[tuple[int, int, int]]:
    return [size for size in _SIZES if not (product.even and any(side % 16 for side in size))]


def _diagonal(rows: int, columns: int, digits: int) -> Array:
    """Return a diagonal of 1 + 2^-k with k = 1 … digits-1, round and round."""
    k = 1 + np.arange(min(rows, columns)) % (digits - 1)
    matrix = np.zeros((rows, columns))
    np.fill_diagonal(matrix, 1 + np.exp2(-k))
    return matrix


def _kept(got: Array, expected: Array, digits: int) -> int:
    """Return how many significant bits came through: one more than the last k before anything is wrong."""
    got, place = np.asarray(got, np.float64), np.arange(min(expected.shape))
    wrong = got[place, place] != expected[place, place]
    k = 1 + place % (digits - 1)
    stray = np.count_nonzero(got) != np.count_nonzero(expected)
    return 0 if stray else int(min(k[wrong], default=digits))


def _powers(rows: int, columns: int, exponent: int) -> Array:
    """Return a diagonal of 2^exponent and 2^(1-exponent) in turn: the largest and the smallest normal power."""
    matrix = np.zeros((rows, columns))
    np.fill_diagonal(matrix, np.where(np.arange(min(rows, columns)) % 2, 2.0 ** (1 - exponent), 2.0**exponent))
    return matrix


def _sum_bits(product: Product, rows: int, inner: int, columns: int) -> int:
    """Return how many significant bits sums keep: rows of the left and columns of the right share each small number.

    Row j is 1, 2^-a, …, 2^-a, 0, …, 0, -1 and column j is 1, 2^-b, …, 2^-b, 1, with a + b = j: formats with few
    exponents do not reach 2^-j alone.
    """
    j = np.arange(1, product.sums)
    a = np.minimum(j, max(1, product.exponent - 1))
    left, right = np.zeros((rows, inner)), np.zeros((inner, columns))
    small = slice(1, 1 + _SMALL)
    left[:, 0], left[:, -1], left[: len(j), small] = 1, -1, np.exp2(-a)[:, None]
    right[0], right[-1], right[small, : len(j)] = 1, 1, np.exp2(a - j)
    got = np.asarray(product.run(left, right), np.float64).diagonal()[: len(j)]
    lost = j[got != _SMALL * np.exp2(-j)]
    return int(min(lost, default=product.sums))
