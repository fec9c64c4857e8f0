"""Losses: cross-entropy with weights, smoothing, an ignored index and probabilities, and those of regression.

Bound: running error analysis of the stated formula (Higham 2002, section 3.3), means as sums (section 4.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from checks.operations.case import Case, Input, real, truth, whole
from checks.operations.functions import (
    absolute,
    exp,
    log,
    log1p,
    logsumexp,
    maximum,
    minimum,
    softmax,
    softplus,
    sqrt,
    where,
)

IGNORED = 2


def log_softmax(x: Any) -> Any:
    """Return x - ln Σ e^x over the last axis."""
    return x - logsumexp(x, -1, keepdims=True)


def picked(x: Any, t: Any) -> Any:
    """Return the logarithm that each row's class has."""
    return log_softmax(x)[np.arange(len(t)), t]


def cross_entropy(x: Any, t: Any) -> Any:
    """Return the mean of -ln softmax(x)[t]."""
    return -picked(x, t).mean()


def cross_entropy_sum(x: Any, t: Any) -> Any:
    """Return the sum of -ln softmax(x)[t]."""
    return -picked(x, t).sum()


def cross_entropy_rows(x: Any, t: Any) -> Any:
    """Return -ln softmax(x)[t] of every row."""
    return -picked(x, t)


def weighted(x: Any, t: Any, w: Any) -> Any:
    """Return the mean weighted by each row's class."""
    return -(picked(x, t) * w[t]).sum() / w[t].sum()


def smoothed(x: Any, t: Any) -> Any:
    """Return cross-entropy with an eighth of the probability spread over all classes."""
    logs = log_softmax(x)
    return -(0.875 * logs[np.arange(len(t)), t] + 0.125 * logs.mean(-1)).mean()


def smoothed_weighted(x: Any, t: Any, w: Any) -> Any:
    """Return PyTorch's: both parts weighted, over the sum of the rows' weights."""
    logs = log_softmax(x)
    own = (logs[np.arange(len(t)), t] * w[t]).sum()
    spread = (logs * w).mean(-1).sum()
    return -(0.875 * own + 0.125 * spread) / w[t].sum()


def ignoring(x: Any, t: Any) -> Any:
    """Return the mean over the rows whose class is not the ignored one; row 0 always counts."""
    kept = np.flatnonzero((t != IGNORED) | (np.arange(len(t)) == 0))
    kept_class = np.where(t == IGNORED, IGNORED + 1, t)
    return -log_softmax(x)[kept, kept_class[kept]].mean()


def of_probabilities(x: Any, p: Any) -> Any:
    """Return the mean of -Σ softmax(p) ln softmax(x)."""
    return -(softmax(p) * log_softmax(x)).sum(-1).mean()


def places(x: Any, t: Any) -> Any:
    """Return cross-entropy over (n, classes, places)."""
    rows = x.transpose(0, 2, 1).reshape(-1, x.shape[1])
    return -picked(rows, t.reshape(-1)).mean()


def squared(x: Any, y: Any) -> Any:
    """Return the mean of squares."""
    return ((x - y) * (x - y)).mean()


def masked(x: Any, y: Any, k: Any) -> Any:
    """Return the mean of squares over the places that the mask keeps; the first of each row is kept."""
    d = (x - y)[k | (np.arange(k.shape[1]) == 0)]
    return (d * d).mean()


def absolute_error(x: Any, y: Any) -> Any:
    """Return the mean of magnitudes."""
    return absolute(x - y).mean()


def huber(x: Any, y: Any) -> Any:
    """Return the mean of d²/2 up to 1/2, and of (|d| - 1/4) / 2 beyond, as the mean of two formulas.

    In the second (Optax) the slope of a small d is what is left of 1/2 less (1/2 - d). Twice the roundings of the mean
    are those of both together.
    """
    d: Any = absolute(x - y)
    near = minimum(d, 0.5)
    first = where(getattr(d, "value", d) <= 0.5, 0.5 * d * d, 0.5 * (d - 0.25))
    return ((first + (0.5 * near * near + 0.5 * (d - near))) / 2).mean()


def smooth_absolute(x: Any, y: Any) -> Any:
    """Return Huber's over 1/2."""
    return huber(x, y) / 0.5


def log_cosh(x: Any, y: Any) -> Any:
    """Return the mean of ln cosh(x - y)."""
    d = x - y
    return (d + softplus(-2 * d) - 0.6931471805599453).mean()


def divergence(x: Any, p: Any) -> Any:
    """Return the mean over rows of Σ q (ln q - x), q the softmax of p."""
    q = softmax(p)
    return (q * (log_softmax(p) - log_softmax(x))).sum() / len(x)


def binary(x: Any, y: Any) -> Any:
    """Return the mean of max(x, 0) - x·y + ln(1 + e^-|x|)."""
    return (maximum(x, 0.0) - x * y + log1p(exp(-absolute(x)))).mean()


def binary_weighted(x: Any, y: Any, w: Any) -> Any:
    """Return the same with each column's positives weighted, as the mean of two formulas.

    The second has the slope (1 + (w - 1)·y)·σ(x) - w·y, whose terms cancel for large x; PyTorch computes it so. Twice
    the roundings of the mean are those of both together.
    """
    weight, fading = 1 + (w - 1) * y, log1p(exp(-absolute(x)))
    first = (1 - y) * x + weight * (fading + maximum(-x, 0.0))
    second = weight * (fading + maximum(x, 0.0)) - w * y * x
    return ((first + second) / 2).mean()


def binary_of_probability(x: Any, y: Any) -> Any:
    """Return the mean of -y ln x - (1 - y) ln(1 - x)."""
    return -(y * log(x) + (1 - y) * log(1 - x)).mean()


def hinge(x: Any, t: Any) -> Any:
    """Return the mean of max(0, 1 - x) or max(0, 1 + x), by the class."""
    return maximum(0.0, 1 - x * (2.0 * t - 1)).mean()


def margin_ranking(x: Any, y: Any) -> Any:
    """Return the mean of max(0, y - x + 1/4)."""
    return maximum(0.0, y - x + 0.25).mean()


def triplet(x: Any, p: Any, n: Any) -> Any:
    """Return the mean of max(0, |x - p| - |x - n| + 1)."""

    def distance(a: Any, b: Any) -> Any:
        d = a - b + 2.0**-10
        return sqrt((d * d).sum(-1))

    return maximum(0.0, distance(x, p) - distance(x, n) + 1).mean()


def cosine(x: Any, y: Any) -> Any:
    """Return the mean of 1 - cos of rows."""
    return (1 - (x * y).sum(-1) / sqrt((x * x).sum(-1) * (y * y).sum(-1))).mean()


def gaussian(x: Any, y: Any, v: Any) -> Any:
    """Return the mean of (ln v + (x - y)² / v) / 2."""
    return (0.5 * (log(v) + (x - y) * (x - y) / v)).mean()


def poisson(x: Any, y: Any) -> Any:
    """Return the mean of e^x - y·x."""
    return (exp(x) - y * x).mean()


_CLASSES = {"x": real("N, C", -4, 4), "t": whole("N", "C")}
_SIZES = {"N": (1, 5, 33), "C": (4, 7, 100)}
_PAIR = {"x": real("N, C", -2, 2), "y": real("N, C")}
_OPTAX = "optax.losses.softmax_cross_entropy_with_integer_labels(x, t)"
_NOT = "no function of it"


def _pair(
    name: str,
    reference: Any,
    torch: str,
    tensorflow: str = "",
    jax: str = "",
    inputs: dict[str, Input] | None = None,
    roundings: float = 1,
    narrow: Mapping[str, str] = MappingProxyType({}),
) -> Case:
    code = {"pytorch": torch, "tensorflow": tensorflow, "jax": jax}
    return Case(
        name=name,
        inputs=inputs or _PAIR,
        reference=reference,
        code={framework: text for framework, text in code.items() if text},
        absent={framework: _NOT for framework, text in code.items() if not text},
        sizes=_SIZES,
        roundings=roundings,
        narrow=narrow,
    )


CASES = (
    Case(
        name="cross_entropy",
        inputs=_CLASSES,
        reference=cross_entropy,
        code={
            "pytorch": "F.cross_entropy(x, t)",
            "tensorflow": "keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=x.dtype.name)(t, x)",
            "jax": f"{_OPTAX}.mean()",
        },
        sizes=_SIZES,
        quick=True,
    ),
    Case(
        name="cross_entropy_sum",
        inputs=_CLASSES,
        reference=cross_entropy_sum,
        code={
            "pytorch": "F.cross_entropy(x, t, reduction='sum')",
            "tensorflow": "tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(t, x))",
            "jax": f"{_OPTAX}.sum()",
        },
        sizes=_SIZES,
    ),
    Case(
        name="cross_entropy_rows",
        inputs=_CLASSES,
        reference=cross_entropy_rows,
        code={
            "pytorch": "F.cross_entropy(x, t, reduction='none')",
            "tensorflow": "tf.nn.sparse_softmax_cross_entropy_with_logits(t, x)",
            "jax": _OPTAX,
        },
        sizes=_SIZES,
    ),
    Case(
        name="cross_entropy_weighted",
        inputs={**_CLASSES, "w": real("C", 0.5, 1.5, gradient=False)},
        reference=weighted,
        code={"pytorch": "F.cross_entropy(x, t, w)"},
        absent=dict.fromkeys(("tensorflow", "jax"), _NOT),
        sizes=_SIZES,
    ),
    Case(
        name="cross_entropy_smoothed",
        inputs=_CLASSES,
        reference=smoothed,
        code={
            "pytorch": "F.cross_entropy(x, t, label_smoothing=0.125)",
            "tensorflow": "keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.125, "
            "dtype=x.dtype.name)(tf.one_hot(t, C, dtype=x.dtype), x)",
            "jax": "optax.losses.softmax_cross_entropy(x, optax.losses.smooth_labels(nn.one_hot(t, C, dtype=x.dtype), "
            "0.125)).mean()",
        },
        sizes=_SIZES,
    ),
    Case(
        name="cross_entropy_smoothed_weighted",
        inputs={**_CLASSES, "w": real("C", 0.5, 1.5, gradient=False)},
        reference=smoothed_weighted,
        code={"pytorch": "F.cross_entropy(x, t, w, label_smoothing=0.125)"},
        absent=dict.fromkeys(("tensorflow", "jax"), _NOT),
        sizes=_SIZES,
    ),
    Case(
        name="cross_entropy_ignored",
        inputs=_CLASSES,
        reference=ignoring,
        code={
            "pytorch": "t = torch.where(torch.arange(N, device=t.device) == 0, torch.where(t == 2, 3, t), t)\n"
            "return F.cross_entropy(x, t, ignore_index=2)",
            "tensorflow": "t = tf.where(tf.range(N) == 0, tf.where(t == 2, tf.cast(3, t.dtype), t), t)\n"
            "return keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2, "
            "reduction='mean_with_sample_weight', dtype=x.dtype.name)(t, x)",
        },
        absent={"jax": _NOT},
        sizes=_SIZES,
    ),
    Case(
        name="cross_entropy_ignored_by_default",
        inputs=_CLASSES,
        reference=ignoring,
        code={
            "pytorch": "t = torch.where(torch.arange(N, device=t.device) == 0, torch.where(t == 2, 3, t), t)\n"
            "return F.cross_entropy(x, torch.where(t == 2, -100, t))"
        },
        absent=dict.fromkeys(("tensorflow", "jax"), "PyTorch's -100"),
        sizes=_SIZES,
    ),
    Case(
        name="cross_entropy_of_probabilities",
        inputs={"x": real("N, C", -4, 4), "p": real("N, C", -2, 2)},
        reference=of_probabilities,
        code={
            "pytorch": "F.cross_entropy(x, p.softmax(-1))",
            "tensorflow": "tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(p), x))",
            "jax": "optax.losses.softmax_cross_entropy(x, nn.softmax(p)).mean()",
        },
        sizes=_SIZES,
    ),
    Case(
        name="cross_entropy_places",
        inputs={"x": real("N, C, S", -4, 4), "t": whole("N, S", "C")},
        reference=places,
        code={"pytorch": "F.cross_entropy(x, t)"},
        absent=dict.fromkeys(("tensorflow", "jax"), "classes stand last there"),
        sizes={"N": (1, 3), "C": (4, 7), "S": (1, 9)},
    ),
    Case(
        name="negative_likelihood",
        inputs=_CLASSES,
        reference=cross_entropy,
        code={"pytorch": "F.nll_loss(F.log_softmax(x, -1), t)"},
        absent=dict.fromkeys(("tensorflow", "jax"), _NOT),
        sizes=_SIZES,
    ),
    Case(
        name="masked",
        inputs={"x": real("N, T, C", -2, 2), "y": real("N, T, C"), "k": truth("N, T")},
        reference=masked,
        code={
            "tensorflow": "x = tf.identity(x)\n"
            "x._keras_mask = k | (tf.range(T) == 0)\n"
            "return keras.losses.MeanSquaredError(dtype=x.dtype.name)(y, x)"
        },
        absent=dict.fromkeys(("pytorch", "jax"), "masks are Keras's"),
        sizes={"N": (1, 5), "T": (2, 9), "C": (1, 4)},
        eager_only="the mask belongs to a tensor",
    ),
    _pair(
        "squared",
        squared,
        "F.mse_loss(x, y)",
        "keras.losses.MeanSquaredError(dtype=x.dtype.name)(y, x)",
        "optax.losses.squared_error(x, y).mean()",
    ),
    _pair(
        "absolute",
        absolute_error,
        "F.l1_loss(x, y)",
        "keras.losses.MeanAbsoluteError(dtype=x.dtype.name)(y, x)",
        "jnp.abs(x - y).mean()",
    ),
    _pair(
        "huber",
        huber,
        "F.huber_loss(x, y, delta=0.5)",
        "keras.losses.Huber(0.5, dtype=x.dtype.name)(y, x)",
        "optax.losses.huber_loss(x, y, delta=0.5).mean()",
        roundings=2,
    ),
    _pair("smooth_absolute", smooth_absolute, "F.smooth_l1_loss(x, y, beta=0.5)", roundings=2),
    _pair(
        "log_cosh",
        log_cosh,
        "",
        "keras.losses.LogCosh(dtype=x.dtype.name)(y, x)",
        "optax.losses.log_cosh(x, y).mean()",
        narrow={"tensorflow": "Keras takes ln 2 in float32"},
    ),
    _pair(
        "divergence",
        divergence,
        "F.kl_div(F.log_softmax(x, -1), p.softmax(-1), reduction='batchmean')",
        "",
        "optax.losses.kl_divergence(nn.log_softmax(x), nn.softmax(p)).mean()",
        {"x": real("N, C", -2, 2), "p": real("N, C", -2, 2, gradient=False)},
    ),
    _pair(
        "binary",
        binary,
        "F.binary_cross_entropy_with_logits(x, y)",
        "tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, x))",
        "optax.losses.sigmoid_binary_cross_entropy(x, y).mean()",
        {"x": real("N, C", -4, 4), "y": real("N, C", 0, 1, gradient=False)},
    ),
    _pair(
        "binary_weighted",
        binary_weighted,
        "F.binary_cross_entropy_with_logits(x, y, pos_weight=w)",
        "tf.reduce_mean(tf.nn.weighted_cross_entropy_with_logits(y, x, w))",
        "",
        {"x": real("N, C", -4, 4), "y": real("N, C", 0, 1, gradient=False), "w": real("C", 0.5, 1.5, gradient=False)},
        roundings=2,
    ),
    _pair(
        "binary_of_probability",
        binary_of_probability,
        "F.binary_cross_entropy(x, y)",
        "",
        "",
        {"x": real("N, C", 0.25, 0.75), "y": real("N, C", 0, 1, gradient=False)},
    ),
    _pair(
        "hinge",
        hinge,
        "F.relu(1 - x * (2 * t - 1)).mean()",
        "keras.losses.Hinge(dtype=x.dtype.name)(tf.cast(t, x.dtype), x)",
        "optax.losses.hinge_loss(x, 2.0 * t - 1).mean()",
        {"x": real("N, C", -2, 2), "t": whole("N, C", "2")},
    ),
    _pair("margin_ranking", margin_ranking, "F.margin_ranking_loss(x, y, torch.ones_like(x), margin=0.25)"),
    _pair(
        "triplet",
        triplet,
        "F.triplet_margin_loss(x, p, n, margin=1.0, eps=2.0**-10)",
        "",
        "",
        {"x": real("N, C"), "p": real("N, C"), "n": real("N, C")},
    ),
    _pair(
        "cosine",
        cosine,
        "(1 - F.cosine_similarity(x, y, -1)).mean()",
        "1 + keras.losses.CosineSimilarity(dtype=x.dtype.name)(y, x)",
        "optax.losses.cosine_distance(x, y).mean()",
    ),
    _pair(
        "gaussian",
        gaussian,
        "F.gaussian_nll_loss(x, y, v)",
        "",
        "",
        {"x": real("N, C"), "y": real("N, C"), "v": real("N, C", 0.5, 1.5)},
    ),
    _pair(
        "poisson",
        poisson,
        "F.poisson_nll_loss(x, y)",
        "tf.reduce_mean(tf.nn.log_poisson_loss(y, x))",
        "",
        {"x": real("N, C", -2, 2), "y": real("N, C", 0, 4, gradient=False)},
    ),
)
