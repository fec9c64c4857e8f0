"""Products of bounded arrays: ``k·u·|A||B|`` for sums of k products in any order (Higham, section 3.5)."""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.bounded import Bounded, as_bounded, plain, unbroadcast, unit


def einsum(spec: str, left: Any, right: Any) -> Bounded:
    """Return `np.einsum` of two arrays; every index of a factor stands in the other factor or in the result."""
    a, b = as_bounded(left), as_bounded(right)
    sources, out = spec.replace(" ", "").split("->")
    one, two = sources.split(",")
    size = dict(zip(one + two, a.shape + b.shape, strict=True))
    inner = int(np.prod([size[index] for index in set(one + two) - set(out)]))

    def of(x: Any, y: Any) -> Any:
        return np.einsum(f"{one},{two}->{out}", x, y, optimize=True)

    magnitude = of(np.abs(a.value), np.abs(b.value))
    error = inner * unit() * magnitude + of(a.error, np.abs(b.value) + b.error) + of(np.abs(a.value), b.error)
    parents = [
        (a, lambda g: einsum(f"{out},{two}->{one}", g, plain(b))),
        (b, lambda g: einsum(f"{one},{out}->{two}", plain(a), g)),
    ]
    return Bounded(of(a.value, b.value), error, parents)


def matmul(left: Any, right: Any) -> Bounded:
    """Return `np.matmul`: the last two axes, the others broadcast; a single axis is a vector."""
    a, b = as_bounded(left), as_bounded(right)
    if a.ndim == 1:
        return _without(matmul(a.reshape(1, -1), b), -2 if b.ndim > 1 else -1)
    if b.ndim == 1:
        return _without(matmul(a, b.reshape(-1, 1)), -1)
    magnitude = np.matmul(np.abs(a.value), np.abs(b.value))
    error = a.shape[-1] * unit() * magnitude
    if a.error.any() or b.error.any():
        error = error + np.matmul(a.error, np.abs(b.value) + b.error) + np.matmul(np.abs(a.value), b.error)
    parents = [
        (a, lambda g: unbroadcast(matmul(g, swap(plain(b))), a.shape)),
        (b, lambda g: unbroadcast(matmul(swap(plain(a)), g), b.shape)),
    ]
    return Bounded(np.matmul(a.value, b.value), error, parents)


def swap(one: Bounded) -> Bounded:
    """Return it with its last two axes exchanged."""
    axes = list(range(one.ndim))
    axes[-1], axes[-2] = axes[-2], axes[-1]
    return one.transpose(*axes)


def _without(one: Bounded, axis: int) -> Bounded:
    """Return it without an axis of length one."""
    shape = list(one.shape)
    del shape[axis]
    return one.reshape(tuple(shape))
