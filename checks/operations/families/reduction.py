"""Reductions, running sums and sorting: any axis, ties, stability, places of the largest.

Bound: (n - 1)·u·Σ|x| for sums in any order (Higham 2002, section 4.2), n roundings for products; places are exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.case import Case, Input, distinct, real, whole
from checks.operations.functions import absolute, cumsum, largest, log, logsumexp, sqrt, stack


def product(x: Any) -> Any:
    """Return the product along the last axis."""
    made = x[..., 0]
    for place in range(1, x.shape[-1]):
        made = made * x[..., place]
    return made


def running_product(x: Any) -> Any:
    """Return the running products along the last axis."""
    found = [x[..., 0]]
    for place in range(1, x.shape[-1]):
        found.append(found[-1] * x[..., place])
    return stack(found, -1)


def variance(x: Any) -> Any:
    """Return the variance along the last axis, over n."""
    apart = x - x.mean(-1, keepdims=True)
    return (apart * apart).mean(-1)


def unbiased(x: Any) -> Any:
    """Return the variance along the last axis, over n - 1."""
    apart = x - x.mean(-1, keepdims=True)
    return (apart * apart).sum(-1) / (x.shape[-1] - 1)


def deviation(x: Any) -> Any:
    """Return the root of the variance over n - 1."""
    return sqrt(unbiased(x))


def norm(x: Any) -> Any:
    """Return √Σx² along the last axis."""
    return sqrt((x * x).sum(-1))


def norm_one(x: Any) -> Any:
    """Return Σ|x| along the last axis."""
    return absolute(x).sum(-1)


def sorted_rows(x: Any) -> Any:
    """Return each row in rising order."""
    order = np.argsort(getattr(x, "value", x), -1, kind="stable")
    return x[np.arange(x.shape[0])[:, None], order]


def stable_places(x: Any) -> Any:
    """Return where each element of a stably sorted row stood."""
    return np.argsort(x, -1, kind="stable")


def stable_places_falling(x: Any) -> Any:
    """Return the same in falling order; equal ones keep their order."""
    return np.argsort(-x, -1, kind="stable")


def top(x: Any) -> Any:
    """Return the three largest of each row, the largest first."""
    order = np.argsort(-getattr(x, "value", x), -1, kind="stable")[:, :3]
    return x[np.arange(x.shape[0])[:, None], order]


def middle(x: Any) -> Any:
    """Return the lower median of each row."""
    order = np.argsort(getattr(x, "value", x), -1, kind="stable")
    return x[np.arange(x.shape[0]), order[:, (x.shape[-1] - 1) // 2]]


def quantile(x: Any) -> Any:
    """Return the number three eighths of the way up each row, between its neighbours."""
    rising = sorted_rows(x)
    at = 0.375 * (x.shape[-1] - 1)
    low = int(at)
    high = min(low + 1, x.shape[-1] - 1)
    return rising[:, low] + (at - low) * (rising[:, high] - rising[:, low])


def running_largest(x: Any) -> Any:
    """Return the running maxima along the last axis."""
    place = np.array([[int(np.argmax(row[: n + 1])) for n in range(len(row))] for row in getattr(x, "value", x)])
    return x[np.arange(x.shape[0])[:, None], place]


def running_logsumexp(x: Any) -> Any:
    """Return the running ln Σ e^x along the last axis."""
    return stack([logsumexp(x[:, : n + 1], -1) for n in range(x.shape[-1])], -1)


def differences(x: Any) -> Any:
    """Return what separates neighbours."""
    return x[:, 1:] - x[:, :-1]


def entropy(x: Any) -> Any:
    """Return -Σ x ln x."""
    return -(x * log(x)).sum(-1)


def place_of_largest(x: Any) -> Any:
    """Return where the largest of each row stands."""
    return np.argmax(getattr(x, "value", x), -1)


def places(x: Any, y: Any) -> Any:
    """Return how many numbers of x are at most each of y."""
    x, y = (getattr(one, "value", one) for one in (x, y))
    return (x[None, :] <= y[:, None]).sum(1)


_MATRIX = {"N": (1, 3, 17), "C": (2, 9, 64, 300)}
_TABLE = {"x": distinct("N, C")}


def _case(
    name: str,
    reference: Any,
    torch: str,
    tensorflow: str,
    jax: str,
    inputs: dict[str, Input] | None = None,
    **more: Any,
) -> Case:
    code = {"pytorch": torch, "tensorflow": tensorflow, "jax": jax}
    return Case(
        name=name,
        inputs=inputs or _TABLE,
        reference=reference,
        code={framework: text for framework, text in code.items() if text},
        absent={framework: "no function of it" for framework, text in code.items() if not text},
        sizes=more.pop("sizes", _MATRIX),
        **more,
    )


_LONG = {"x": real("1, C", 0, 1)}  # of one sign: with both, a sum is small beside the bound of its terms
_ALL = {"x": real("A, B, C, D")}
_FOUR = {"A": (1, 3), "B": (2, 5), "C": (1, 4), "D": (3, 7)}
_TIED = {"x": whole("N, C", "4")}
_ORDER = "it gives places"

CASES = (
    _case("sum", lambda x: x.sum(-1), "x.sum(-1)", "tf.reduce_sum(x, -1)", "x.sum(-1)"),
    _case("sum_first_axis", lambda x: x.sum(0), "x.sum(0)", "tf.reduce_sum(x, 0)", "x.sum(0)"),
    _case(
        "sum_two_axes",
        lambda x: x.sum((1, 3)),
        "x.sum((1, 3))",
        "tf.reduce_sum(x, (1, 3))",
        "x.sum((1, 3))",
        _ALL,
        sizes=_FOUR,
    ),
    _case("sum_all", lambda x: x.sum(), "x.sum()", "tf.reduce_sum(x)", "x.sum()", _ALL, sizes=_FOUR),
    _case(
        "sum_long",
        lambda x: x.sum(-1),
        "x.sum(-1)",
        "tf.reduce_sum(x, -1)",
        "x.sum(-1)",
        _LONG,
        sizes={"C": (4097, 20001)},
    ),
    _case("mean", lambda x: x.mean(-1), "x.mean(-1)", "tf.reduce_mean(x, -1)", "x.mean(-1)"),
    _case(
        "mean_two_axes",
        lambda x: x.mean((0, 2)),
        "x.mean((0, 2))",
        "tf.reduce_mean(x, (0, 2))",
        "x.mean((0, 2))",
        _ALL,
        sizes=_FOUR,
    ),
    _case("variance", variance, "x.var(-1, correction=0)", "tf.math.reduce_variance(x, -1)", "x.var(-1)"),
    _case("variance_unbiased", unbiased, "x.var(-1)", "", "x.var(-1, ddof=1)"),
    _case("deviation", deviation, "x.std(-1)", "", "x.std(-1, ddof=1)"),
    _case("largest", lambda x: largest(x, -1), "x.amax(-1)", "tf.reduce_max(x, -1)", "x.max(-1)"),
    _case("smallest", lambda x: -largest(-x, -1), "x.amin(-1)", "tf.reduce_min(x, -1)", "x.min(-1)"),
    _case(
        "product",
        product,
        "x.prod(-1)",
        "tf.reduce_prod(x, -1)",
        "x.prod(-1)",
        {"x": real("N, C", 0.5, 1.5)},
        sizes={"N": (1, 5), "C": (2, 9)},
    ),
    _case("norm", norm, "torch.linalg.vector_norm(x, dim=-1)", "tf.norm(x, axis=-1)", "jnp.linalg.norm(x, axis=-1)"),
    _case(
        "norm_one",
        norm_one,
        "torch.linalg.vector_norm(x, 1, dim=-1)",
        "tf.norm(x, 1, axis=-1)",
        "jnp.linalg.norm(x, 1, axis=-1)",
    ),
    _case(
        "logsumexp",
        lambda x: logsumexp(x, -1),
        "torch.logsumexp(x, -1)",
        "tf.reduce_logsumexp(x, -1)",
        "nn.logsumexp(x, -1)",
        {"x": real("N, C", -8, 8)},
    ),
    _case("running_sum", lambda x: cumsum(x, 1), "x.cumsum(1)", "tf.cumsum(x, 1)", "x.cumsum(1)", quick=True),
    _case("running_sum_columns", lambda x: cumsum(x, 0), "x.cumsum(0)", "tf.cumsum(x, 0)", "x.cumsum(0)"),
    _case(
        "running_product",
        running_product,
        "x.cumprod(1)",
        "tf.math.cumprod(x, 1)",
        "x.cumprod(1)",
        {"x": real("N, C", 0.5, 1.5)},
        sizes={"N": (1, 5), "C": (2, 9)},
        roundings=4,  # gradients by a quotient of running sums are as usual as by products
    ),
    _case("running_largest", running_largest, "x.cummax(1).values", "", "lax.cummax(x, 1)"),
    _case(
        "running_logsumexp",
        running_logsumexp,
        "x.logcumsumexp(1)",
        "",
        "lax.cumlogsumexp(x, 1)",
        {"x": real("N, C", -4, 4)},
        sizes={"N": (1, 5), "C": (2, 9, 40)},
        roundings=4,  # scans by halves take other exponentials
    ),
    _case("differences", differences, "x.diff()", "", "jnp.diff(x)"),
    _case("sort", sorted_rows, "x.sort(-1).values", "tf.sort(x, -1)", "jnp.sort(x, -1)", quick=True),
    _case(
        "sort_stable",
        stable_places,
        "torch.sort(x, dim=-1, stable=True).indices",
        "tf.argsort(x, -1, stable=True)",
        "jnp.argsort(x, -1, stable=True)",
        _TIED,
        no_gradient=_ORDER,
    ),
    _case(
        "sort_stable_falling",
        stable_places_falling,
        "torch.sort(x, dim=-1, stable=True, descending=True).indices",
        "tf.argsort(x, -1, 'DESCENDING', stable=True)",
        "jnp.argsort(x, -1, stable=True, descending=True)",
        _TIED,
        no_gradient=_ORDER,
    ),
    _case(
        "top",
        top,
        "x.topk(3, -1).values",
        "tf.math.top_k(x, 3).values",
        "lax.top_k(x, 3)[0]",
        sizes={"N": (1, 3), "C": (3, 9, 130)},
    ),
    _case(
        "place_of_largest",
        place_of_largest,
        "x.argmax(-1)",
        "tf.argmax(x, -1)",
        "x.argmax(-1)",
        {"x": distinct("N, C", gradient=False)},
        no_gradient=_ORDER,
    ),
    _case("median", middle, "x.median(-1).values", "", ""),
    _case("quantile", quantile, "torch.quantile(x, 0.375, -1)", "", "jnp.quantile(x, 0.375, axis=-1)", roundings=4),
    _case(
        "entropy",
        entropy,
        "torch.special.entr(x).sum(-1)",
        "-tf.reduce_sum(tf.math.xlogy(x, x), -1)",
        "jax.scipy.special.entr(x).sum(-1)",
        {"x": real("N, C", 0.25, 1.25)},
    ),
    _case(
        "counts",
        lambda x: np.bincount(x.reshape(-1), minlength=4),
        "torch.bincount(x.reshape(-1), minlength=4)",
        "tf.math.bincount(tf.cast(tf.reshape(x, (-1,)), tf.int32), minlength=4)",
        "jnp.bincount(x.reshape(-1), length=4)",
        _TIED,
        no_gradient=_ORDER,
    ),
    _case(
        "search",
        places,
        "torch.searchsorted(x.sort().values, y, right=True)",
        "tf.searchsorted(tf.sort(x), y, 'right')",
        "jnp.searchsorted(jnp.sort(x), y, side='right')",
        {"x": real("C", gradient=False), "y": real("N", gradient=False)},
        no_gradient=_ORDER,
    ),
)
