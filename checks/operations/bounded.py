"""Float64 arrays that carry, for every element, how far a sound float32 (or other) computation of it may be off.

This is running error analysis (Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., 2002, section 3.3):
each operation adds its own rounding, ``u|result|``, to what its arguments' errors amount to, to first order; sums of n
terms add ``(n-1)u Σ|x|`` in whatever order they are made (section 4.2), products of matrices ``k·u·|A||B|`` (section
3.5). Where a comparison is undecided within the errors (a kink, a largest element), both answers are allowed.

The arrays also know how they were made, so that `pull` returns gradients by reverse accumulation, whose every step is
an operation of the same kind and carries its bound likewise. A reference is therefore written once, as plain NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = NDArray[Any]
Pullback = Callable[["Bounded"], "Bounded"]


class _Unit:
    """The unit roundoff of the precision that is judged."""

    value = 2.0**-24


@contextmanager
def rounding_to(unit: float) -> Iterator[None]:
    """Let every operation in the block round to relative error `unit`."""
    before, _Unit.value = _Unit.value, unit
    try:
        yield
    finally:
        _Unit.value = before


def unit() -> float:
    """Return the unit roundoff in force."""
    return _Unit.value


class Bounded:
    """`value` with the largest absolute `error` of each element; immutable, and read as NumPy arrays are."""

    __array_ufunc__ = None  # let NumPy arrays on the left leave their operators to this class

    def __init__(self, value: Any, error: Any = 0.0, parents: Sequence[tuple[Bounded, Pullback]] = ()) -> None:
        self.value = np.asarray(value, np.float64)
        self.error = np.broadcast_to(np.asarray(error, np.float64), self.value.shape)
        self.parents = tuple((parent, pullback) for parent, pullback in parents if parent.tracked)
        self.tracked: bool = bool(self.parents)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def size(self) -> int:
        return self.value.size

    @property
    def T(self) -> Bounded:  # noqa: N802 - NumPy's name
        return self.transpose()

    def leaf(self) -> Self:
        """Make it one of the arrays that `pull` returns gradients of."""
        self.tracked = True
        return self

    def __len__(self) -> int:
        return len(self.value)

    def __add__(self, other: Any) -> Bounded:
        return add(self, other)

    __radd__ = __add__

    def __neg__(self) -> Bounded:
        return Bounded(-self.value, self.error, [(self, lambda g: -g)])

    def __sub__(self, other: Any) -> Bounded:
        return add(self, -as_bounded(other))

    def __rsub__(self, other: Any) -> Bounded:
        return add(as_bounded(other), -self)

    def __mul__(self, other: Any) -> Bounded:
        return multiply(self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Bounded:
        return divide(self, other)

    def __rtruediv__(self, other: Any) -> Bounded:
        return divide(other, self)

    def __pow__(self, power: float) -> Bounded:
        return raise_to(self, power)

    def __matmul__(self, other: Any) -> Bounded:
        from checks.operations.products import matmul  # it needs this class

        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Bounded:
        from checks.operations.products import matmul

        return matmul(other, self)

    def __getitem__(self, index: Any) -> Bounded:
        """Return elements; ones taken more than once add up in the gradient."""

        def back(g: Bounded) -> Bounded:
            return scatter(g, index, self.shape)

        return Bounded(self.value[index], self.error[index], [(self, back)])

    def reshape(self, *shape: Any) -> Bounded:
        to = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        return Bounded(self.value.reshape(to), self.error.reshape(to), [(self, lambda g: g.reshape(self.shape))])

    def transpose(self, *axes: int) -> Bounded:
        order = axes or tuple(reversed(range(self.ndim)))
        back = tuple(int(place) for place in np.argsort(order))
        return Bounded(self.value.transpose(order), self.error.transpose(order), [(self, lambda g: g.transpose(*back))])

    def sum(self, axis: Any = None, keepdims: bool = False) -> Bounded:
        """Return sums, in any order of summation."""
        count = self.size // max(1, int(np.sum(self.value, axis=axis).size)) if self.size else 0
        magnitude = np.sum(np.abs(self.value), axis=axis, keepdims=keepdims)
        error = np.sum(self.error, axis=axis, keepdims=keepdims) + max(0, count - 1) * unit() * magnitude
        shape = np.sum(self.value, axis=axis, keepdims=True).shape

        def back(g: Bounded) -> Bounded:
            return broadcast_to(g.reshape(shape), self.shape)

        return Bounded(np.sum(self.value, axis=axis, keepdims=keepdims), error, [(self, back)])

    def mean(self, axis: Any = None, keepdims: bool = False) -> Bounded:
        total = self.sum(axis, keepdims)
        return total / max(1, self.size // max(1, total.size))


def as_bounded(value: Any) -> Bounded:
    """Return an exact constant as it is, and what is bounded already unchanged."""
    return value if isinstance(value, Bounded) else Bounded(value)


def plain(one: Bounded) -> Bounded:
    """Return the same numbers without their history, as gradients need them."""
    return Bounded(one.value, one.error)


def rounded(value: Array, error: Array, parents: Sequence[tuple[Bounded, Pullback]], roundings: float = 1.0) -> Bounded:
    """Return a result that was rounded so many times."""
    return Bounded(value, error + roundings * unit() * np.abs(value), parents)


def add(left: Any, right: Any) -> Bounded:
    """Return the sum."""
    a, b = as_bounded(left), as_bounded(right)
    return rounded(
        a.value + b.value,
        a.error + b.error,
        [(a, lambda g: unbroadcast(g, a.shape)), (b, lambda g: unbroadcast(g, b.shape))],
    )


def multiply(left: Any, right: Any) -> Bounded:
    """Return the product."""
    a, b = as_bounded(left), as_bounded(right)
    error = a.error * np.abs(b.value) + np.abs(a.value) * b.error + a.error * b.error
    parents = [
        (a, lambda g: unbroadcast(g * plain(b), a.shape)),
        (b, lambda g: unbroadcast(g * plain(a), b.shape)),
    ]
    return rounded(a.value * b.value, error, parents)


def divide(left: Any, right: Any) -> Bounded:
    """Return the quotient; two roundings, since a reciprocal and a product are as good."""
    a, b = as_bounded(left), as_bounded(right)
    value = a.value / b.value
    error = (a.error + np.abs(value) * b.error) / np.abs(b.value)
    parents = [
        (a, lambda g: unbroadcast(g / plain(b), a.shape)),
        (b, lambda g: unbroadcast(-g * plain(a) / plain(b) / plain(b), b.shape)),
    ]
    return rounded(value, error, parents, 2)


def raise_to(base: Bounded, power: float) -> Bounded:
    """Return a constant power; libraries keep it within some ulps."""
    value = base.value**power
    slope = np.abs(power * base.value ** (power - 1)) if power != 1 else np.ones_like(base.value)
    return rounded(value, slope * base.error, [(base, lambda g: g * power * raise_to(plain(base), power - 1))], LIBRARY)


LIBRARY = 8.0
"""Roundings of an elementary function: 4 ulps, the worst of the vector libraries in use (SLEEF, SVML, Eigen, XLA)."""


def scatter(g: Bounded, index: Any, shape: tuple[int, ...]) -> Bounded:
    """Return zeros of `shape` with `g` added at `index`; a place that is hit m times sums m terms."""
    value, error, magnitude, hits = (np.zeros(shape) for _ in range(4))
    np.add.at(value, index, g.value)
    np.add.at(error, index, g.error)
    np.add.at(magnitude, index, np.abs(g.value))
    np.add.at(hits, index, 1.0)
    return Bounded(value, error + np.maximum(hits - 1, 0) * unit() * magnitude)


def broadcast_to(one: Bounded, shape: tuple[int, ...]) -> Bounded:
    """Return it repeated to `shape`."""
    return Bounded(
        np.broadcast_to(one.value, shape),
        np.broadcast_to(one.error, shape),
        [(one, lambda g: unbroadcast(g, one.shape))],
    )


def unbroadcast(g: Bounded, shape: tuple[int, ...]) -> Bounded:
    """Return `g` summed over what was repeated from `shape`."""
    if g.shape == shape:
        return g
    extra = g.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(
        extra + place for place, size in enumerate(shape) if size == 1 and g.shape[extra + place] != 1
    )
    return g.sum(axes).reshape(shape)


def pull(outputs: Sequence[Bounded], cotangents: Sequence[Array], leaves: Sequence[Bounded]) -> list[Bounded]:
    """Return the gradients of Σ cotangent × output with respect to the `leaves`."""
    found: dict[int, Bounded] = {}
    order: list[Bounded] = []
    _visit(outputs, order)
    for output, cotangent in zip(outputs, cotangents, strict=True):
        _collect(found, output, Bounded(cotangent))
    for node in reversed(order):
        g = found.get(id(node))
        if g is None:
            continue
        for parent, pullback in node.parents:
            _collect(found, parent, pullback(g))
    return [found.get(id(leaf), Bounded(np.zeros(leaf.shape))) for leaf in leaves]


def _collect(found: dict[int, Bounded], node: Bounded, g: Bounded) -> None:
    found[id(node)] = found[id(node)] + g if id(node) in found else g


def _visit(outputs: Sequence[Bounded], order: list[Bounded]) -> None:
    """List what the outputs were made of, each before what is made of it."""
    seen: set[int] = set()
    stack = [(output, False) for output in outputs]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((parent, False) for parent, _ in node.parents)
