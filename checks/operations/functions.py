"""NumPy's functions for bounded arrays, by the names that NumPy has, so that a reference reads as plain NumPy.

Elementary functions are taken to be within `LIBRARY` roundings, plus what their argument's error makes of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from checks.operations.bounded import (
    LIBRARY,
    Array,
    Bounded,
    Pullback,
    as_bounded,
    broadcast_to,
    plain,
    rounded,
    scatter,
    unbroadcast,
    unit,
)
from checks.operations.products import einsum

_erf = np.vectorize(math.erf, otypes=[np.float64])
TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)


def _elementary(x: Any, function: Callable[[Array], Array], slope: Callable[[Bounded, Bounded], Bounded]) -> Bounded:
    """Return function(x), whose derivative is slope(x, function(x)).

    The derivative at x and at x ± its error bound what the argument's error makes of the result.
    """
    x = as_bounded(x)
    value = function(x.value)
    flat = Bounded(x.value)
    steep = np.abs(slope(flat, Bounded(value)).value)
    if x.error.any():
        for side in (x.value - x.error, x.value + x.error):
            there = np.abs(slope(Bounded(side), Bounded(function(side))).value)
            steep = np.fmax(steep, there)
    result = Bounded(value, steep * x.error + LIBRARY * unit() * np.abs(value))
    again = plain(result)
    return Bounded(value, result.error, [(x, lambda g: g * slope(plain(x), again))])


def exp(x: Any) -> Bounded:
    """Return e^x."""
    return _elementary(x, np.exp, lambda _, y: y)


def expm1(x: Any) -> Bounded:
    """Return e^x - 1."""
    return _elementary(x, np.expm1, lambda _, y: y + 1)


def log(x: Any) -> Bounded:
    """Return the natural logarithm."""
    return _elementary(x, np.log, lambda x, _: 1 / x)


def log1p(x: Any) -> Bounded:
    """Return ln(1 + x)."""
    return _elementary(x, np.log1p, lambda x, _: 1 / (1 + x))


def sqrt(x: Any) -> Bounded:
    """Return the square root."""
    return _elementary(x, np.sqrt, lambda _, y: 0.5 / y)


def sin(x: Any) -> Bounded:
    """Return the sine."""
    return _elementary(x, np.sin, lambda x, _: cos(x) if x.size else x)


def cos(x: Any) -> Bounded:
    """Return the cosine."""
    return _elementary(x, np.cos, lambda x, _: -Bounded(np.sin(x.value), x.error + LIBRARY * unit()))


def tanh(x: Any) -> Bounded:
    """Return the hyperbolic tangent."""
    return _elementary(x, np.tanh, lambda _, y: 1 - y * y)


def arctan(x: Any) -> Bounded:
    """Return the arc tangent."""
    return _elementary(x, np.arctan, lambda x, _: 1 / (1 + x * x))


def erf(x: Any) -> Bounded:
    """Return the error function."""
    return _elementary(x, _erf, lambda x, _: TWO_OVER_ROOT_PI * exp(-(x * x)))


def loosened(x: Any, roundings: float) -> Bounded:
    """Return x, off by so many roundings of one more, whatever its size."""
    x = as_bounded(x)
    return Bounded(x.value, x.error + roundings * unit(), [(x, lambda g: g)])


def sigmoid(x: Any) -> Bounded:
    """Return 1 / (1 + e^-x)."""
    return _elementary(x, lambda v: 0.5 * (1 + np.tanh(0.5 * v)), lambda _, y: y * (1 - y))


def softplus(x: Any) -> Bounded:
    """Return ln(1 + e^x)."""
    return _elementary(x, lambda v: np.logaddexp(0, v), lambda x, _: sigmoid(x))


def absolute(x: Any) -> Bounded:
    """Return |x|; its slope at 0 is 0."""
    x = as_bounded(x)
    return where(x.value >= 0, x, -x)


def sign(x: Any) -> Bounded:
    """Return the sign, which is undecided within the error; it has no slope."""
    x = as_bounded(x)
    return Bounded(np.sign(x.value), np.where(np.abs(x.value) <= x.error, 2.0 * (x.error > 0), 0.0))


def where(mask: Any, yes: Any, no: Any) -> Bounded:
    """Return elements of `yes` or `no` by a constant mask."""
    mask = np.asarray(mask, bool)
    a, b = as_bounded(yes), as_bounded(no)
    value = np.where(mask, a.value, b.value)
    shape = value.shape
    chosen = np.broadcast_to(mask, shape)
    parents: list[tuple[Bounded, Pullback]] = [
        (a, lambda g: unbroadcast(_kept(g, chosen), a.shape)),
        (b, lambda g: unbroadcast(_kept(g, ~chosen), b.shape)),
    ]
    return Bounded(value, np.where(mask, a.error, b.error), parents)


def _kept(g: Bounded, mask: Array) -> Bounded:
    return Bounded(np.where(mask, g.value, 0.0), np.where(mask, g.error, 0.0))


def maximum(left: Any, right: Any) -> Bounded:
    """Return the larger; where that is undecided within the errors, or both are equal, the slope may be either's.

    Of two that are equal PyTorch and JAX halve it and TensorFlow takes the first: any share is a subgradient.
    """
    a, b = as_bounded(left), as_bounded(right)
    value = np.maximum(a.value, b.value)
    undecided = np.broadcast_to(np.abs(a.value - b.value) <= a.error + b.error, value.shape)
    first = np.broadcast_to(a.value > b.value, value.shape)
    error = np.where(undecided, np.maximum(a.error, b.error), np.where(first, a.error, b.error))

    def back(g: Bounded, mask: Array) -> Bounded:
        kept = _kept(g, mask)
        return Bounded(kept.value, kept.error + np.where(undecided, np.abs(g.value) + g.error, 0.0))

    parents: list[tuple[Bounded, Pullback]] = [
        (a, lambda g: unbroadcast(back(g, first), a.shape)),
        (b, lambda g: unbroadcast(back(g, ~first), b.shape)),
    ]
    return Bounded(value, error, parents)


def minimum(left: Any, right: Any) -> Bounded:
    """Return the smaller."""
    return -maximum(-as_bounded(left), -as_bounded(right))


def clip(x: Any, low: float, high: float) -> Bounded:
    """Return x between `low` and `high`."""
    return minimum(maximum(x, low), high)


def largest(x: Any, axis: int, keepdims: bool = False) -> Bounded:
    """Return the largest along an axis; the slope goes to the first of them, or is undecided within the errors."""
    x = as_bounded(x)
    place = np.expand_dims(x.value.argmax(axis), axis)
    value = np.take_along_axis(x.value, place, axis)
    top = np.take_along_axis(x.error, place, axis)
    near = (value - x.value <= top + x.error) & (x.error + top > 0)
    alone = near.sum(axis, keepdims=True) <= 1
    error = np.where(near, x.error, 0.0).max(axis, keepdims=True)
    error = np.maximum(error, top)

    def back(g: Bounded) -> Bounded:
        wide = g.reshape(value.shape)
        zeros = np.zeros(x.shape)
        np.put_along_axis(zeros, place, wide.value, axis)
        errors = np.zeros(x.shape)
        np.put_along_axis(errors, place, wide.error, axis)
        return Bounded(zeros, errors + np.where(near & ~alone, np.abs(wide.value) + wide.error, 0.0))

    whole = Bounded(value, error, [(x, back)])
    return whole if keepdims else whole.reshape(np.squeeze(value, axis).shape)


def concatenate(parts: Sequence[Any], axis: int = 0) -> Bounded:
    """Return the parts one after another."""
    arrays = [as_bounded(part) for part in parts]
    edges = np.cumsum([0, *(one.shape[axis] for one in arrays)])

    def cut(start: int, end: int) -> Pullback:
        where_ = [slice(None)] * arrays[0].ndim
        where_[axis] = slice(start, end)
        return lambda g: Bounded(g.value[tuple(where_)], g.error[tuple(where_)])

    return Bounded(
        np.concatenate([one.value for one in arrays], axis),
        np.concatenate([one.error for one in arrays], axis),
        [(one, cut(int(edges[n]), int(edges[n + 1]))) for n, one in enumerate(arrays)],
    )


def stack(parts: Sequence[Any], axis: int = 0) -> Bounded:
    """Return the parts along a new axis."""
    arrays = [as_bounded(part) for part in parts]
    at = axis % (arrays[0].ndim + 1)
    shape = arrays[0].shape
    return concatenate([one.reshape((*shape[:at], 1, *shape[at:])) for one in arrays], at)


def pad(x: Any, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Bounded:
    """Return x with a constant border."""
    x = as_bounded(x)
    inside = tuple(slice(low, low + size) for (low, _), size in zip(widths, x.shape, strict=True))
    return Bounded(
        np.pad(x.value, widths, constant_values=value),
        np.pad(x.error, widths),
        [(x, lambda g: Bounded(g.value[inside], g.error[inside]))],
    )


def cumsum(x: Any, axis: int) -> Bounded:
    """Return running sums; each of up to n terms."""
    x = as_bounded(x)
    count = x.shape[axis]
    error = np.cumsum(x.error, axis) + count * unit() * np.cumsum(np.abs(x.value), axis)

    def back(g: Bounded) -> Bounded:
        turned = Bounded(np.flip(g.value, axis), np.flip(g.error, axis))
        summed = cumsum(turned, axis)
        return Bounded(np.flip(summed.value, axis), np.flip(summed.error, axis))

    return Bounded(np.cumsum(x.value, axis), error, [(x, back)])


def softmax(x: Any, axis: int = -1) -> Bounded:
    """Return e^x over the sum of them along an axis."""
    x = as_bounded(x)
    e = exp(x - plain(largest(x, axis, keepdims=True)))
    return e / e.sum(axis=axis, keepdims=True)


def logsumexp(x: Any, axis: int = -1, keepdims: bool = False) -> Bounded:
    """Return ln Σ e^x along an axis."""
    x = as_bounded(x)
    top = plain(largest(x, axis, keepdims=True))
    whole = log(exp(x - top).sum(axis=axis, keepdims=True)) + top
    return whole if keepdims else whole.reshape(np.squeeze(whole.value, axis).shape)


def approximate(x: Any, roundings: float) -> Bounded:
    """Return given numbers as rounded so many times."""
    value = np.asarray(x, np.float64)
    return Bounded(value, roundings * unit() * np.abs(value))


def constant(x: Any) -> Bounded:
    """Return x as something that is not differentiated."""
    return plain(as_bounded(x))


def take_rows(table: Any, index: Array) -> Bounded:
    """Return rows of a table."""
    return as_bounded(table)[np.asarray(index)]


__all__ = [
    "absolute",
    "approximate",
    "arctan",
    "broadcast_to",
    "clip",
    "concatenate",
    "constant",
    "cos",
    "cumsum",
    "einsum",
    "erf",
    "exp",
    "expm1",
    "largest",
    "log",
    "log1p",
    "logsumexp",
    "loosened",
    "maximum",
    "minimum",
    "pad",
    "rounded",
    "scatter",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "softplus",
    "sqrt",
    "stack",
    "take_rows",
    "tanh",
    "where",
]  # fmt: skip
