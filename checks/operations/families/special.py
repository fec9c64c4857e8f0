"""Special numbers: where NaN and infinities go, and where they must not.

Bound: none where the result is NaN or infinite, running error analysis (Higham 2002, section 3.3) beside it. What
is right is IEEE 754, and NumPy for comparisons; where a framework documents no place for a NaN, it has no case of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.case import Case, Input, holed, real
from checks.operations.functions import cumsum, exp, log, sqrt, tanh, where


def _value(x: Any) -> Any:
    return getattr(x, "value", x)


def larger(x: Any, y: Any) -> Any:
    """Return the larger of two, NaN where either is."""
    return np.maximum(_value(x), _value(y))


def smaller(x: Any, y: Any) -> Any:
    """Return the smaller of two, NaN where either is."""
    return np.minimum(_value(x), _value(y))


def larger_number(x: Any, y: Any) -> Any:
    """Return the larger of two, the other where one is NaN."""
    return np.fmax(_value(x), _value(y))


def row_largest(x: Any) -> Any:
    """Return the largest of each row, NaN where a row has one."""
    return np.max(_value(x), -1)


def row_smallest(x: Any) -> Any:
    """Return the smallest of each row, NaN where a row has one."""
    return np.min(_value(x), -1)


def running_largest(x: Any) -> Any:
    """Return the running maxima, NaN from the first on."""
    return np.maximum.accumulate(_value(x), -1)


def first_nan(x: Any) -> Any:
    """Return where the largest of each row stands: the first NaN where there is one."""
    return np.argmax(_value(x), -1)


def rising(x: Any) -> Any:
    """Return each row in rising order, NaN last."""
    return np.sort(_value(x), -1)


def clipped(x: Any) -> Any:
    """Return x between -1/4 and 1/4, and above 0: NaN stays."""
    return np.clip(_value(x), -0.25, 0.25), np.maximum(_value(x), 0)


def pooled(x: Any) -> Any:
    """Return the largest of each pair of neighbours, NaN where either is."""
    numbers = _value(x)
    half = numbers.shape[-1] // 2
    return numbers[..., : 2 * half].reshape(*numbers.shape[:-1], half, 2).max(-1)


def segments(x: Any) -> Any:
    """Return the largest of every third row, NaN where one of them is."""
    return np.stack([np.max(_value(x)[one::3], 0) for one in range(3)])


def vanishing(x: Any) -> Any:
    """Return what is 0 or 1 for every number, and NaN for infinities and NaN."""
    numbers = _value(x)
    with np.errstate(invalid="ignore"):
        return (
            numbers - numbers,
            numbers * 0,
            np.where(numbers == 0, np.nan, numbers / np.where(numbers == 0, 1, numbers)),
        )


def told_apart(x: Any, y: Any) -> Any:
    """Return what is NaN, what is finite, what is not itself, and what is larger."""
    a, b = _value(x), _value(y)
    return np.isnan(a), np.isfinite(a), ~(a == a), a > b  # noqa: PLR0124 - a NaN is not itself


def elementary(x: Any) -> Any:
    """Return four functions of numbers, infinities and NaN."""
    with np.errstate(all="ignore"):
        return exp(x), tanh(x), sqrt(x), log(x)


def exp_of_nan(x: Any) -> Any:
    """Return e^(x·NaN)."""
    return np.full(x.shape, np.nan)


def totals(x: Any) -> Any:
    """Return sum, mean and running sums of each row, NaN where it has one."""
    with np.errstate(all="ignore"):
        return x.sum(-1), x.mean(-1), cumsum(x, 1)


def zero_product(x: Any) -> Any:
    """Return the product of zeros and x: NaN in each column that has an infinity or NaN."""
    with np.errstate(invalid="ignore"):
        return np.zeros((3, x.shape[0])) @ _value(x)


def selected(x: Any, y: Any) -> Any:
    """Return y where x is NaN, and x elsewhere."""
    return where(np.isnan(_value(x)), y, x)


_SIZES = {"N": (3, 5), "C": (9, 37, 64)}
_NO_SLOPE = "the slope at a NaN is nowhere documented"
_ONE = {"x": holed("N, C")}
_TWO = {"x": holed("N, C"), "y": holed("N, C")}
_ANY = {"x": holed("N, C", infinite=True)}
_PLACE = "which place a NaN has is not documented, and eager and compiled differ (tensorflow#118177, #119438)"
_NOTHING = "no function of it"


def _case(
    name: str, reference: Any, inputs: dict[str, Input], torch: str, tensorflow: str, jax: str, **more: Any
) -> Case:
    code = {"pytorch": torch, "tensorflow": tensorflow, "jax": jax}
    why = more.pop("why", _NOTHING)
    more.setdefault("no_gradient", _NO_SLOPE)
    return Case(
        name=name,
        inputs=inputs,
        reference=reference,
        code={framework: text for framework, text in code.items() if text},
        absent={framework: why for framework, text in code.items() if not text},
        sizes=_SIZES | more.pop("sizes", {}),
        **more,
    )


CASES = (
    _case("larger", larger, _TWO, "torch.maximum(x, y)", "tf.maximum(x, y)", "jnp.maximum(x, y)"),
    _case("smaller", smaller, _TWO, "torch.minimum(x, y)", "tf.minimum(x, y)", "jnp.minimum(x, y)"),
    _case("larger_number", larger_number, _TWO, "torch.fmax(x, y)", "", "jnp.fmax(x, y)"),
    _case("largest", row_largest, _ONE, "x.amax(-1)", "tf.reduce_max(x, -1)", "x.max(-1)", quick=True),
    _case("smallest", row_smallest, _ONE, "x.amin(-1)", "tf.reduce_min(x, -1)", "x.min(-1)"),
    _case("running_largest", running_largest, _ONE, "x.cummax(1).values", "", "lax.cummax(x, 1)"),
    _case("place_of_largest", first_nan, _ONE, "x.argmax(-1)", "", "x.argmax(-1)", why=_PLACE),
    _case("sort", rising, _ONE, "x.sort(-1).values", "", "jnp.sort(x, -1)", why=_PLACE),
    _case(
        "clip",
        clipped,
        _ONE,
        "x.clamp(-0.25, 0.25), F.relu(x)",
        "tf.clip_by_value(x, -0.25, 0.25), tf.nn.relu(x)",
        "jnp.clip(x, -0.25, 0.25), nn.relu(x)",
    ),
    _case(
        "pooled",
        pooled,
        _ONE,
        "F.max_pool1d(x[None], 2)[0]",
        "tf.nn.max_pool1d(x[..., None], 2, 2, 'VALID')[..., 0]",
        "lax.reduce_window(x, -jnp.inf, lax.max, (1, 2), (1, 2), 'VALID')",
    ),
    _case(
        "segments",
        segments,
        _ONE,
        "torch.full((3, C), -np.inf, dtype=x.dtype, device=x.device)"
        ".index_reduce(0, torch.arange(N, device=x.device) % 3, x, 'amax')",
        "tf.math.unsorted_segment_max(x, np.arange(N) % 3, 3)",
        "jax.ops.segment_max(x, np.arange(N) % 3, 3)",
        sizes={"N": (6, 10)},
    ),
    _case(
        "vanishing",
        vanishing,
        _ANY,
        "x - x, x * 0, x / x",
        "x - x, x * 0, x / x",
        "x - x, x * 0, x / x",
        quick=True,
    ),
    _case(
        "told_apart",
        told_apart,
        _ANY | {"y": holed("N, C")},
        "x.isnan(), x.isfinite(), x != x, x > y",
        "tf.math.is_nan(x), tf.math.is_finite(x), x != x, x > y",
        "jnp.isnan(x), jnp.isfinite(x), x != x, x > y",
    ),
    _case(
        "elementary",
        elementary,
        _ANY,
        "x.exp(), x.tanh(), x.sqrt(), x.log()",
        "tf.exp(x), tf.tanh(x), tf.sqrt(x), tf.math.log(x)",
        "jnp.exp(x), jnp.tanh(x), jnp.sqrt(x), jnp.log(x)",
    ),
    _case(
        "exp_of_nan",
        exp_of_nan,
        {"x": real("N, C", gradient=False)},
        "torch.exp(x * np.nan)",
        "tf.exp(x * np.nan)",
        "jnp.exp(x * np.nan)",
    ),
    _case(
        "totals",
        totals,
        _ONE,
        "x.sum(-1), x.mean(-1), x.cumsum(1)",
        "tf.reduce_sum(x, -1), tf.reduce_mean(x, -1), tf.cumsum(x, 1)",
        "x.sum(-1), x.mean(-1), x.cumsum(1)",
    ),
    _case(
        "zero_product",
        zero_product,
        _ANY,
        "torch.zeros(3, N, dtype=x.dtype, device=x.device) @ x",
        "tf.zeros((3, N), x.dtype) @ x",
        "jnp.zeros((3, N), x.dtype) @ x",
    ),
    _case(
        "selected",
        selected,
        {"x": holed("N, C", gradient=True), "y": real("N, C")},
        "torch.where(x.isnan(), y, x)",
        "tf.where(tf.math.is_nan(x), y, x)",
        "jnp.where(jnp.isnan(x), y, x)",
        no_gradient="",
    ),
)
