"""Reverse-mode derivatives in float64 NumPy, so that a reference states what is computed and nothing else.

A `Node` holds a value and, for each node it was made of, how a slope on it is passed back (Wengert's list of 1964, as
Griewank and Walther, Evaluating Derivatives, 2008, section 3.2, have it). `tests/checks/test_tape.py` holds every
operation to complex-step derivatives or to differences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Pull = Callable[[Array], Array]


class Node:
    """One value of a computation."""

    __array_ufunc__ = None  # an array on the left leaves the operation to this class

    def __init__(self, value: Any, made_of: Sequence[tuple[Node, Pull]] = ()) -> None:
        self.value: Array = np.asanyarray(value, dtype=np.float64)  # an array of `cost` remains one
        self.made_of = made_of

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    def __add__(self, other: Node | Array | float) -> Node:
        other = _node(other)
        back = [(self, _fits(self)), (other, _fits(other))]
        return Node(self.value + other.value, back)

    def __mul__(self, other: Node | Array | float) -> Node:
        other = _node(other)
        one, two = _fits(self), _fits(other)
        return Node(
            self.value * other.value,
            [(self, lambda slope: one(slope * other.value)), (other, lambda slope: two(slope * self.value))],
        )

    def __truediv__(self, other: Node | Array | float) -> Node:
        other = _node(other)
        one, two = _fits(self), _fits(other)
        value = self.value / other.value
        return Node(
            value,
            [(self, lambda slope: one(slope / other.value)), (other, lambda slope: two(-slope * value / other.value))],
        )

    def __matmul__(self, other: Node | Array) -> Node:
        other = _node(other)
        return Node(
            self.value @ other.value,
            [
                (self, lambda slope: slope @ other.value.swapaxes(-1, -2)),
                (other, lambda slope: self.value.swapaxes(-1, -2) @ slope),
            ],
        )

    def __neg__(self) -> Node:
        return Node(-self.value, [(self, lambda slope: -slope)])

    def __sub__(self, other: Node | Array | float) -> Node:
        return self + (-_node(other))

    def __rsub__(self, other: Array | float) -> Node:
        return _node(other) + (-self)

    __radd__, __rmul__ = __add__, __mul__

    def __getitem__(self, places: Any) -> Node:
        def back(slope: Array) -> Array:
            whole = np.zeros_like(self.value)
            np.add.at(whole, places, slope)
            return whole

        return Node(self.value[places], [(self, back)])

    def reshape(self, *shape: int) -> Node:
        return Node(self.value.reshape(*shape), [(self, lambda slope: slope.reshape(self.shape))])

    def transpose(self, *axes: int) -> Node:
        return Node(self.value.transpose(axes), [(self, lambda slope: slope.transpose(np.argsort(axes)))])

    def sum(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Node:
        def back(slope: Array) -> Array:
            wide = slope if keepdims or axis is None else np.expand_dims(slope, axis)
            return np.broadcast_to(wide, self.shape)

        return Node(self.value.sum(axis=axis, keepdims=keepdims), [(self, back)])

    def mean(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Node:
        total = self.sum(axis, keepdims=keepdims)
        return total * (total.value.size / self.value.size)


def slopes(loss: Node, weights: Mapping[str, Node]) -> dict[str, Array]:
    """Return the derivative of a single number by each weight; 0 where it does not depend on it."""
    found: dict[int, Array] = {id(loss): np.ones(loss.shape)}
    order = _latest_first(loss)
    wanted = {id(weight) for weight in weights.values()}
    for node in reversed(order):
        if any(id(before) in wanted for before, _ in node.made_of):
            wanted.add(id(node))
    for node in order:
        for before, back in node.made_of if id(node) in wanted else ():
            if id(before) in wanted:
                slope = back(found[id(node)])
                found[id(before)] = found[id(before)] + slope if id(before) in found else slope
    return {name: found.get(id(weight), np.zeros(weight.shape)) for name, weight in weights.items()}


def _latest_first(last: Node) -> list[Node]:
    """Return each node after all that were made of it."""
    order: list[Node] = []
    seen: set[int] = set()
    stack = [(last, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack += [(node, True), *((before, False) for before, _ in node.made_of)]
    return order[::-1]


def _node(value: Node | Array | float) -> Node:
    return value if isinstance(value, Node) else Node(value)


def _fits(node: Node) -> Pull:
    """Return how a slope of a broadcast result becomes one of `node`."""

    def back(slope: Array) -> Array:
        extra = slope.ndim - node.value.ndim
        slope = slope.sum(axis=tuple(range(extra)))
        thin = tuple(axis for axis, size in enumerate(node.shape) if size == 1 and slope.shape[axis] != 1)
        fitting: Array = slope.sum(axis=thin, keepdims=True)
        return fitting

    return back
