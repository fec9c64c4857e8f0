"""A transformer's layers in float64 NumPy; each returns its result and its way back.

The way back takes δ = ∂loss/∂result and returns ∂loss/∂(each argument). Shapes: n lines, t places, d features in and o
out, h heads of e = d/h features.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

EPSILON = 1e-5  # of layer normalisation, inside the root
_EDGE, _PER_UNIT = 9, 64  # of the grid for the normal distribution


def linear(x: Array, weight: Array, bias: Array) -> tuple[Array, Callable[[Array], tuple[Array, Array, Array]]]:
    """Return xWᵀ + b for x (n, t, d) and W (o, d)."""

    def back(slope: Array) -> tuple[Array, Array, Array]:
        flat = slope.reshape(-1, len(weight))
        return slope @ weight, flat.T @ x.reshape(len(flat), -1), flat.sum(axis=0)

    return x @ weight.T + bias, back


def layer_norm(x: Array, norm: Array) -> tuple[Array, Callable[[Array], tuple[Array, Array]]]:
    """Return (x - mean) / √(variance + ε) · scale + shift over the features; `norm` (2, d) is scale and shift.

    Back, with y the normalised x and g = δ · scale: ∂x = (g - mean(g) - y · mean(g · y)) / √(variance + ε).
    """
    scale, shift = norm
    centred = x - x.mean(axis=-1, keepdims=True)
    root = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
    y = centred / root

    def back(slope: Array) -> tuple[Array, Array]:
        g = slope * scale
        into_x = (g - g.mean(axis=-1, keepdims=True) - y * (g * y).mean(axis=-1, keepdims=True)) / root
        return into_x, np.stack([(slope * y).sum(axis=(0, 1)), slope.sum(axis=(0, 1))])

    return y * scale + shift, back


def gelu(x: Array) -> tuple[Array, Callable[[Array], Array]]:
    """Return x Φ(x), Φ the normal distribution itself and not its approximation by tanh; back: δ (Φ + xφ)."""
    below = normal(x)
    return x * below, lambda slope: slope * (below + x * _density(x))


def normal(x: Array) -> Array:
    """Return Φ(x), the normal distribution, to 3e-16.

    NumPy has no error function, and `math.erf` number by number took half of the reference's time. So: the nearest of
    a grid's values, which are by `math.erf`, and seven terms of the Taylor series there. Its derivatives are φ times
    Hermite polynomials, Φ⁽ᵏ⁾ = (-1)ᵏ⁻¹ Heₖ₋₁ φ with Heₖ₊₁ = x Heₖ - k Heₖ₋₁; beyond ±9 Φ is 0 or 1 in float64.
    """
    x = np.clip(x, -_EDGE, _EDGE)
    place = np.rint(x * _PER_UNIT)
    start = place / _PER_UNIT
    below = _grid()[place.astype(np.int64) + _EDGE * _PER_UNIT]
    power, hermite, previous = (x - start) * _density(start), np.ones_like(x), np.zeros_like(x)
    for order in range(1, 8):
        below = below + power * hermite
        hermite, previous = start * hermite - (order - 1) * previous, hermite
        power = power * (start - x) / (order + 1)
    return below


@functools.cache
def _grid() -> Array:
    """Return Φ at every 1/64 from -9 to 9."""
    places = np.arange(-_EDGE * _PER_UNIT, _EDGE * _PER_UNIT + 1) / _PER_UNIT
    return np.array([0.5 * math.erfc(-place * math.sqrt(0.5)) for place in places.tolist()])


def _density(x: Array) -> Array:
    return np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)


def attention(q: Array, k: Array, v: Array, mask: Mask) -> tuple[Array, Callable[[Array], tuple[Array, Array, Array]]]:
    """Return softmax(QKᵀ/√e)V for (n, h, t, e); a key is seen where `mask` (n or 1, 1, t or 1, t) is true.

    Back, with P the softmax and S the scores: ∂V = Pᵀδ, ∂P = δVᵀ, ∂S = P · (∂P - Σ ∂P·P), ∂Q = ∂S K/√e, ∂K = ∂Sᵀ Q/√e.
    """
    scale = 1 / math.sqrt(q.shape[-1])
    p = softmax(np.where(mask, scale * (q @ _turned(k)), -np.inf))

    def back(slope: Array) -> tuple[Array, Array, Array]:
        into_p = slope @ _turned(v)
        into_s = scale * p * (into_p - (into_p * p).sum(axis=-1, keepdims=True))
        return into_s @ k, _turned(into_s) @ q, _turned(p) @ slope

    return p @ v, back


def softmax(scores: Array) -> Array:
    """Return e^score / Σ e^score over the last axis."""
    exponentials: Array = np.exp(scores - scores.max(axis=-1, keepdims=True))
    exponentials /= exponentials.sum(axis=-1, keepdims=True)
    return exponentials


def _turned(matrices: NDArray[Any]) -> NDArray[Any]:
    return matrices.swapaxes(-1, -2)
