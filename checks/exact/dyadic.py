"""Numbers n · 2^-bits with integer n, and reverse-mode differentiation over them: no floating point anywhere.

Nothing here can round but `grid`. Every operation checks that its results, and a product that its partial sums in
whatever order, stay below 2^24, so that a float32 holds each of them; when that fails the check is wrong, not the
machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

GRID_BITS, MANTISSA_BITS, STEEPEST = 6, 24, 4

Ints = NDArray[np.int64]


class Dyadic(NamedTuple):
    """An array of numbers ``ints · 2^-bits``."""

    ints: Ints
    bits: int

    def at(self, bits: int) -> Ints:
        """Return the integers at a finer (or the same) number of bits."""
        return self.ints << (bits - self.bits)

    def plus(self, other: Dyadic) -> Dyadic:
        bits = max(self.bits, other.bits)
        return Dyadic(self.at(bits) + other.at(bits), bits).fitting()

    def minus(self) -> Dyadic:
        return Dyadic(-self.ints, self.bits)

    def transposed(self) -> Dyadic:
        return Dyadic(self.ints.T, self.bits)

    def times(self, other: Dyadic) -> Dyadic:
        return Dyadic(self.ints * other.ints, self.bits + other.bits).fitting()

    def scaled(self, factor: float) -> Dyadic:
        """Return the numbers times a power of two."""
        part, exponent = math.frexp(factor)
        if part != 0.5:
            raise ValueError(f"{factor} is not a power of two")
        return Dyadic(self.ints, self.bits - (exponent - 1))

    def matmul(self, other: Dyadic) -> Dyadic:
        Dyadic(np.abs(self.ints) @ np.abs(other.ints), 0).fitting()  # whatever the order, no partial sum is larger
        return Dyadic(self.ints @ other.ints, self.bits + other.bits)

    def grid(self, low: float, high: float) -> Dyadic:
        """Return the nearest multiples of 2^-6 in [low, high], ties to the even one."""
        cut = max(self.bits - GRID_BITS, 0)
        ints = self.at(max(self.bits, GRID_BITS))
        below = ints >> cut
        rest = ints - (below << cut)
        half = (1 << cut) >> 1
        up = (rest > half) | ((rest == half) & (below & 1 == 1)) if cut else np.zeros(ints.shape, bool)
        return Dyadic((below + up).clip(int(low * 64), int(high * 64)), GRID_BITS)

    def inside(self, low: float, high: float) -> Ints:
        """Return 1 where the number lies in [low, high], else 0."""
        ints, scale = self.at(max(self.bits, 0)), 1 << max(self.bits, 0)
        return ((ints >= low * scale) & (ints <= high * scale)).astype(np.int64)

    def fitting(self) -> Dyadic:
        """Return the same, or raise when a number needs more bits than a float32 has."""
        bits = int(np.abs(self.ints).max(initial=0)).bit_length()
        if bits > MANTISSA_BITS:
            raise AssertionError(f"a number needs {bits} bits, a float32 holds {MANTISSA_BITS}")
        return self

    def floats(self) -> NDArray[np.float64]:
        """Return the numbers as float64, exactly."""
        return np.ldexp(self.ints.astype(np.float64), -self.bits)


def dyadic(values: NDArray[np.float64], bits: int) -> Dyadic:
    """Return floating-point numbers as what they are; `ValueError` unless all are multiples of 2^-bits."""
    scaled = np.ldexp(values, bits)
    if not (scaled == np.round(scaled)).all():
        raise ValueError(f"not all numbers are multiples of 2^-{bits}")
    return Dyadic(scaled.astype(np.int64), bits)


class Node:
    """A value in a computation, with the operators that the models use.

    `sources` are the nodes it was computed from, `back` the slope each of them gets from this one's.
    """

    def __init__(self, value: Dyadic, *sources: Node, back: Callable[[Dyadic], list[Dyadic]] | None = None) -> None:
        self.value = value
        self.sources = sources
        self.back = back
        self.slope: Dyadic | None = None

    def __add__(self, other: Node | float) -> Node:
        if isinstance(other, Node):
            return Node(self.value.plus(other.value), self, other, back=lambda slope: [slope, slope])
        return Node(self.value.plus(dyadic(np.array(other), GRID_BITS)), self, back=lambda slope: [slope])

    def __sub__(self, other: Node) -> Node:
        return Node(self.value.plus(other.value.minus()), self, other, back=lambda slope: [slope, slope.minus()])

    def __mul__(self, other: Node | float) -> Node:
        if isinstance(other, Node):
            return Node(
                self.value.times(other.value),
                self,
                other,
                back=lambda slope: [slope.times(other.value), slope.times(self.value)],
            )
        return Node(self.value.scaled(other), self, back=lambda slope: [slope.scaled(other)])

    def __getitem__(self, place: int) -> Node:
        """Return one letter of a sequence; inputs get no slope."""
        return Node(Dyadic(self.value.ints[place], self.value.bits))


def product(left: Node, right: Node) -> Node:
    """Return the matrix product."""
    return Node(
        left.value.matmul(right.value),
        left,
        right,
        back=lambda slope: [slope.matmul(right.value.transposed()), left.value.transposed().matmul(slope)],
    )


def grid(node: Node, low: float, high: float) -> Node:
    """Return the value on the grid; the slope passes where the value was inside, itself put on the grid."""
    inside = Dyadic(node.value.inside(low, high), 0)
    return Node(node.value.grid(low, high), node, back=lambda slope: [slope.grid(-STEEPEST, STEEPEST).times(inside)])


def transpose(node: Node) -> Node:
    """Return the transposed matrix."""
    return Node(node.value.transposed(), node, back=lambda slope: [slope.transposed()])


def backward(node: Node, slope: Dyadic) -> None:
    """Give every node that `node` was computed from its slope, those computed last first."""
    node.slope = slope
    for one in reversed(_in_order(node)):
        if one.back is None or one.slope is None:
            continue
        for source, part in zip(one.sources, one.back(one.slope), strict=True):
            source.slope = part if source.slope is None else source.slope.plus(part)


def _in_order(node: Node) -> list[Node]:
    """Return all nodes below `node`, each after its sources."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack = [(node, False)]
    while stack:
        one, ready = stack.pop()
        if ready:
            order.append(one)
        elif one not in seen:
            seen.add(one)
            stack += [(one, True), *((source, False) for source in one.sources)]
    return order
