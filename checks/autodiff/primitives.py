"""The primitives as NumPy computes them for real and for complex numbers, which is what the complex step needs.

Functions with pieces choose the piece by the real part.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from checks.autodiff.zoo import CLASSES, GATHERED, NORM_EPSILON

Array = NDArray[Any]


def _erf(x: Array) -> Any:
    value = np.vectorize(math.erf)(x.real)
    return value + 1j * x.imag * (2 / math.sqrt(math.pi) * np.exp(-(x.real**2))) if np.iscomplexobj(x) else value


def _sigmoid(x: Array) -> Any:
    return 1 / (1 + np.exp(-x))


def _pick(x: Array, axis: int) -> Any:
    """Return the largest along `axis`, by the real part."""
    return np.take_along_axis(x, np.expand_dims(x.real.argmax(axis), axis), axis).squeeze(axis)


def _log_softmax(x: Array) -> Any:
    shifted = x - x.real.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _layer_norm(x: Array, scale: Array, shift: Array) -> Any:
    centred = x - x.mean(axis=1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + NORM_EPSILON) * scale + shift


def _cumulative_maximum(x: Array) -> Any:
    leader = [row[: place + 1].real.argmax() for row in x for place in range(x.shape[1])]
    return np.take_along_axis(x, np.reshape(leader, x.shape), axis=1)


def _scatter_add(x: Array) -> Any:
    out = np.zeros((7, x.shape[1]), x.dtype)
    np.add.at(out, GATHERED, x)
    return out


def _conv2d(x: Array, kernel: Array) -> Any:
    windows = sliding_window_view(x, kernel.shape[:2], axis=(1, 2))  # n, h, w, c, 3, 3
    return np.einsum("nhwcij,ijco->nhwo", windows, kernel)


def _blocks(x: Array) -> Any:
    """Return 2 × 2 blocks as (n, h/2, w/2, c, 4)."""
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(n, h // 2, w // 2, c, 4)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x * x,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "arctan": np.arctan,
    "sinh": np.sinh,
    "tanh": np.tanh,
    "erf": _erf,
    "sigmoid": _sigmoid,
    "softplus": lambda x: np.log1p(np.exp(x)),
    "relu": lambda x: np.where(x.real > 0, x, 0),
    "silu": lambda x: x * _sigmoid(x),
    "gelu": lambda x: x * (1 + _erf(x / math.sqrt(2))) / 2,
    "abs": lambda x: np.where(x.real < 0, -x, x),
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "power": lambda x, y: np.exp(y * np.log(x)),
    "arctan2": lambda y, x: np.arctan(y / x),
    "maximum": lambda x, y: np.where(x.real > y.real, x, y),
    "minimum": lambda x, y: np.where(x.real < y.real, x, y),
    "where": lambda x, y: np.where(x.real > 0, x * y, x - y),
    "sum": lambda x: x.sum(axis=1),
    "mean": lambda x: x.mean(axis=1),
    "variance": lambda x: ((x - x.mean(axis=1, keepdims=True)) ** 2).mean(axis=1),
    "product": lambda x: x.prod(axis=1),
    "largest": lambda x: _pick(x, 1),
    "norm": lambda x: np.sqrt((x * x).sum(axis=1)),
    "logsumexp": lambda x: (x - _log_softmax(x))[:, 0],
    "cumulative sum": lambda x: x.cumsum(axis=1),
    "cumulative product": lambda x: x.cumprod(axis=1),
    "cumulative maximum": _cumulative_maximum,
    "softmax": lambda x: np.exp(_log_softmax(x)),
    "log softmax": _log_softmax,
    "cross-entropy": lambda x: -_log_softmax(x)[np.arange(len(x)), CLASSES],
    "layer norm": _layer_norm,
    "transpose": lambda x: x.T.reshape(6, 8),
    "slice": lambda x: x[1::2, -3:0:-2],
    "flip": lambda x: x[:, ::-1],
    "pad": lambda x: np.pad(x, ((1, 0), (0, 2))),
    "concatenate": lambda x, y: np.concatenate([x, y[None], x]),
    "gather": lambda x: x[GATHERED],
    "scatter add": _scatter_add,
    "sort": lambda x: np.take_along_axis(x, x.real.argsort(axis=1), axis=1),
    "top 3": lambda x: np.take_along_axis(x, (-x.real).argsort(axis=1)[:, :3], axis=1),
    "matmul": np.matmul,
    "batched matmul": np.matmul,
    "conv2d": _conv2d,
    "average pool": lambda x: _blocks(x).mean(axis=-1),
    "max pool": lambda x: _pick(_blocks(x), -1),
    "solve": lambda a, b: np.linalg.solve(8 * np.eye(5) + a, b),
    "inverse": lambda a: np.linalg.inv(8 * np.eye(5) + a),
    "determinant": lambda a: np.linalg.det(np.eye(5) + a)[None],
}
