"""Pooling: largest, mean, power and adaptive, with stride, padding, dilation, rounded-up sizes.

Bound: the largest is copied exactly; means sum k terms, (k - 1)·u·Σ|x| (Higham 2002, section 4.2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.case import Case, distinct, real
from checks.operations.families.convolution import windows
from checks.operations.functions import largest, pad, sqrt, stack

LOW = -1e30


def _flat(seen: Any, dims: int) -> Any:
    """Return the windows with their places in one last axis."""
    return seen.reshape(*seen.shape[: 2 + dims], -1)


def largest_pool(x: Any, K: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Any:  # noqa: N803
    """Return the largest of each window."""
    dims = x.ndim - 2
    wide = pad(x, [(0, 0), (0, 0)] + [(padding, padding)] * dims, LOW)
    return largest(_flat(windows(wide, (K,) * dims, stride, dilation), dims), -1)


def mean_pool(x: Any, K: int, stride: int = 1, padding: int = 0) -> Any:  # noqa: N803
    """Return the mean of each window, a border of zeros counted."""
    dims = x.ndim - 2
    wide = pad(x, [(0, 0), (0, 0)] + [(padding, padding)] * dims)
    return _flat(windows(wide, (K,) * dims, stride, 1), dims).mean(-1)


def mean_pool_inside(x: Any, K: int, stride: int = 1, padding: int = 0) -> Any:  # noqa: N803
    """Return the mean of each window without its border."""
    count = mean_pool(np.ones(x.shape), K, stride, padding)
    return mean_pool(x, K, stride, padding) / getattr(count, "value", count)


def rounded_up(x: Any, K: int, stride: int) -> Any:  # noqa: N803
    """Return the largest of each window, the last of which may stand over the end."""
    dims = x.ndim - 2
    extra = []
    for size in x.shape[2:]:
        count = -(-(size - K) // stride) + 1
        if (count - 1) * stride >= size:
            count -= 1
        extra.append((0, max(0, (count - 1) * stride + K - size)))
    return largest_pool(pad(x, [(0, 0), (0, 0), *extra], LOW), K, stride) if dims else x


def adaptive_mean(x: Any, O: int) -> Any:  # noqa: E741, N803
    """Return O means along the last axis, of windows from ⌊iS/O⌋ to ⌈(i+1)S/O⌉."""
    size = x.shape[-1]
    return stack([x[..., i * size // O : -(-(i + 1) * size // O)].mean(-1) for i in range(O)], -1)


def adaptive_largest(x: Any, O: int) -> Any:  # noqa: E741, N803
    """Return O largest numbers along the last axis."""
    size = x.shape[-1]
    return stack([largest(x[..., i * size // O : -(-(i + 1) * size // O)], -1) for i in range(O)], -1)


def last(function: Any, x: Any, *options: int) -> Any:
    """Return what a function of channels first makes of channels last."""
    dims = x.ndim - 2
    made = function(x.transpose(0, dims + 1, *range(1, dims + 1)), *options)
    return made.transpose(0, *range(2, dims + 2), 1)


def largest_last(x: Any, K: int, stride: int) -> Any:  # noqa: N803
    """Return the largest of each window, channels last."""
    return last(largest_pool, x, K, stride)


def mean_last(x: Any, K: int, stride: int) -> Any:  # noqa: N803
    """Return the mean of each window, channels last."""
    return last(mean_pool, x, K, stride)


def root_of_squares(x: Any, K: int, stride: int) -> Any:  # noqa: N803
    """Return the root of the sum of squares of each window."""
    dims = x.ndim - 2
    seen = _flat(windows(x, (K,) * dims, stride, 1), dims)
    return sqrt((seen * seen).sum(-1))


_FIRST = {"tensorflow": "channels last there", "jax": "channels last there"}
_SIZES = {"N": (1, 2), "C": (1, 3), "S": (7, 9, 12), "K": (2, 3), "stride": (1, 2, 3)}
_REDUCE = "lax.reduce_window(x, {start}, {function}, (1,) + (K,) * {d} + (1,), (1,) + (stride,) * {d} + (1,), 'VALID')"


def _first(
    name: str, reference: Any, code: str, dims: int, drawn: Any = real, quick: bool = False, **sizes: Any
) -> Case:
    return Case(
        name=f"{name}{dims}d",
        inputs={"x": drawn("N, C" + ", S" * dims)},
        reference=reference,
        code={"pytorch": code.format(d=dims)},
        absent=_FIRST,
        sizes=_SIZES | sizes | ({"S": (5, 6)} if dims == 3 else {}),
        quick=quick,
    )


def _last(name: str, reference: Any, keras: str, jax: str, dims: int, drawn: Any = real) -> Case:
    return Case(
        name=f"{name}{dims}d_last",
        inputs={"x": drawn("N" + ", S" * dims + ", C")},
        reference=reference,
        code={"tensorflow": keras.format(d=dims), "jax": jax.format(d=dims)},
        absent={"pytorch": "channels first there"},
        sizes=_SIZES | ({"S": (5, 6)} if dims == 3 else {}),
        quick=dims == 2,
    )


CASES = (
    *(
        _first(
            "largest_options",
            largest_pool,
            "F.max_pool{d}d(x, K, stride, padding, dilation)",
            dims,
            distinct,
            quick=dims == 2,
            padding=(0, 1),
            dilation=(1, 2),
        )
        for dims in (1, 2, 3)
    ),
    *(
        _first("largest_rounded_up", rounded_up, "F.max_pool{d}d(x, K, stride, ceil_mode=True)", dims, distinct)
        for dims in (1, 2)
    ),
    *(_first("mean", mean_pool, "F.avg_pool{d}d(x, K, stride, padding)", dims, padding=(0, 1)) for dims in (1, 2, 3)),
    *(
        _first(
            "mean_inside",
            mean_pool_inside,
            "F.avg_pool{d}d(x, K, stride, padding, count_include_pad=False)",
            dims,
            padding=(0, 1),
        )
        for dims in (1, 2)
    ),
    *(
        _last(
            "largest",
            largest_last,
            "keras.layers.MaxPooling{d}D(K, stride)(x)",
            _REDUCE.format(start="-jnp.inf", function="lax.max", d="{d}"),
            dims,
            distinct,
        )
        for dims in (1, 2, 3)
    ),
    *(
        _last(
            "mean",
            mean_last,
            "keras.layers.AveragePooling{d}D(K, stride)(x)",
            _REDUCE.format(start="0.0", function="lax.add", d="{d}") + " / K**{d}",
            dims,
        )
        for dims in (1, 2, 3)
    ),
    Case(
        name="adaptive_mean",
        inputs={"x": real("N, C, S")},
        reference=adaptive_mean,
        code={"pytorch": "F.adaptive_avg_pool1d(x, O)"},
        absent={"tensorflow": "new in Keras 3.13", "jax": "no function of it"},
        sizes={"N": (1, 2), "C": (1, 3), "S": (7, 12), "O": (1, 3, 5)},
    ),
    Case(
        name="adaptive_largest",
        inputs={"x": distinct("N, C, S")},
        reference=adaptive_largest,
        code={"pytorch": "F.adaptive_max_pool1d(x, O)"},
        absent={"tensorflow": "new in Keras 3.13", "jax": "no function of it"},
        sizes={"N": (1, 2), "C": (1, 3), "S": (7, 12), "O": (1, 3, 5)},
    ),
    *(
        Case(
            name=f"global_{name}",
            inputs={"x": distinct("N, S, S, C")},
            reference=reference,
            code={
                "tensorflow": f"keras.layers.Global{keras}Pooling2D()(x)",
                "pytorch": torch,
                "jax": f"x.{jax}((1, 2))",
            },
            sizes={"N": (1, 3), "C": (1, 5), "S": (3, 6)},
        )
        for name, keras, torch, jax, reference in (
            (
                "mean",
                "Average",
                "F.adaptive_avg_pool2d(x.permute(0, 3, 1, 2), 1)[:, :, 0, 0]",
                "mean",
                lambda x: x.mean((1, 2)),
            ),
            (
                "largest",
                "Max",
                "F.adaptive_max_pool2d(x.permute(0, 3, 1, 2), 1)[:, :, 0, 0]",
                "max",
                lambda x: largest(x.reshape(x.shape[0], -1, x.shape[-1]), 1),
            ),
        )
    ),
    *(
        _first("power", root_of_squares, "F.lp_pool{d}d(x, 2, K, stride)", dims, lambda s: real(s, 0.5, 1.5))
        for dims in (1, 2)
    ),
)
