"""Batches of a data set: every example once, the last batch kept or dropped, shuffled or not.

Bound: none; examples are integers, and each stands where it must, or exactly once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.case import Case, real


def in_order(x: Any, N: int, B: int) -> Any:  # noqa: ARG001, N803 - x names the device; the sizes' names
    """Return every example, and the sizes of the batches."""
    return np.arange(N), np.array([min(B, N - start) for start in range(0, N, B)])


def dropped(x: Any, N: int, B: int) -> Any:  # noqa: ARG001, N803
    """Return how many examples are given once, and the sizes of the batches, the short one left out."""
    return np.array(N // B * B), np.full(N // B, B)


_TORCH = (
    "loader = torch.utils.data.DataLoader(list(range(N)), batch_size=B, shuffle={shuffle}, drop_last={drop})\n"
    "batches = list(loader)\n"
)
_TF = "data = tf.data.Dataset.range(N){shuffle}.batch(B, drop_remainder={drop})\nbatches = list(data)\n"
_SIZES = {"N": (7, 10, 33), "B": (1, 3, 4, 5)}
_ALL_TORCH = "return torch.cat(batches){sort}, torch.tensor([len(one) for one in batches])"
_ALL_TF = "return {sort}tf.concat(batches, 0){end}, tf.stack([tf.shape(one)[0] for one in batches])"


def _case(name: str, reference: Any, torch: str, tensorflow: str) -> Case:
    return Case(
        name=name,
        inputs={"x": real("1", gradient=False)},
        reference=reference,
        code={"pytorch": torch, "tensorflow": tensorflow},
        absent={"jax": "JAX loads no data"},
        sizes=_SIZES,
        no_gradient="examples are integers",
        eager_only="it loops over batches",
    )


_SHUFFLED = ".shuffle(N, seed=1)"
CASES = (
    _case(
        "in_order",
        in_order,
        _TORCH.format(shuffle=False, drop=False) + _ALL_TORCH.format(sort=""),
        _TF.format(shuffle="", drop=False) + _ALL_TF.format(sort="", end=""),
    ),
    _case(
        "shuffled",
        in_order,
        _TORCH.format(shuffle=True, drop=False) + _ALL_TORCH.format(sort=".sort().values"),
        _TF.format(shuffle=_SHUFFLED, drop=False) + _ALL_TF.format(sort="tf.sort(", end=")"),
    ),
    _case(
        "dropped",
        dropped,
        _TORCH.format(shuffle=True, drop=True)
        + "return torch.tensor(len(torch.cat(batches).unique())), torch.tensor([len(one) for one in batches])",
        _TF.format(shuffle=_SHUFFLED, drop=True)
        + "return tf.size(tf.unique(tf.concat(batches, 0))[0]), tf.stack([tf.shape(one)[0] for one in batches])",
    ),
)
