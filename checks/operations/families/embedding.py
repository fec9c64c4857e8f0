"""Embedding tables: repeated rows, a padding index, bags of rows, a largest norm, one-hot products.

Bound: rows are copied exactly; gradients and bags sum m rows, (m - 1)·u·Σ|g| (Higham 2002, section 4.2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.case import Case, real, whole
from checks.operations.functions import constant, largest, sqrt, stack, where


def rows(w: Any, t: Any) -> Any:
    """Return the rows that `t` names."""
    return w[t]


def padded(w: Any, t: Any) -> Any:
    """Return the rows; row 1 takes no gradient."""
    fixed = np.zeros(w.shape, bool)
    fixed[1] = True
    return where(fixed, constant(w), w)[t]


def limited(w: Any, t: Any) -> Any:
    """Return the rows, shortened to length 1 where they are longer; the shortening takes no gradient."""
    norm: Any = sqrt((w * w).sum(-1, keepdims=True))
    long = getattr(norm, "value", norm) > 1
    return where(long, w / (norm + 1e-7), w)[t]


def bag_sum(w: Any, t: Any) -> Any:
    """Return the sum of each bag."""
    return w[t].sum(1)


def bag_mean(w: Any, t: Any) -> Any:
    """Return the mean of each bag."""
    return w[t].mean(1)


def bag_largest(w: Any, t: Any) -> Any:
    """Return the largest of each bag, column by column."""
    return largest(w[t], 1)


def bag_weighted(w: Any, t: Any, p: Any) -> Any:
    """Return the weighted sum of each bag."""
    return (w[t] * p.reshape(*p.shape, 1)).sum(1)


def bags(w: Any, t: Any, starts: Any) -> Any:
    """Return the sum of each bag of a list that is cut at `starts`."""
    ends = (*starts[1:], len(t))
    return stack([w[t[a:b]].sum(0) for a, b in zip(starts, ends, strict=True)])


_INPUTS = {"w": real("V, D"), "t": whole("B, T", "V")}
_SIZES = {"V": (3, 17, 1000), "D": (1, 5, 32), "B": (1, 4), "T": (1, 7, 40)}
_BAGS = dict.fromkeys(("tensorflow", "jax"), "a gather and a reduction there")
_HERE = {"tensorflow": "the option is PyTorch's", "jax": "the option is PyTorch's"}

CASES = (
    Case(
        name="rows",
        inputs=_INPUTS,
        reference=rows,
        code={"pytorch": "F.embedding(t, w)", "tensorflow": "tf.nn.embedding_lookup(w, t)", "jax": "w[t]"},
        sizes=_SIZES,
        quick=True,
    ),
    Case(
        name="large_table",
        inputs=_INPUTS,
        reference=rows,
        code={"pytorch": "F.embedding(t, w)", "tensorflow": "tf.nn.embedding_lookup(w, t)", "jax": "jnp.take(w, t, 0)"},
        sizes=_SIZES | {"V": (5000, 20011), "D": (8, 33), "T": (300, 1000)},
    ),
    Case(
        name="keras_layer",
        inputs=_INPUTS,
        reference=rows,
        code={
            "tensorflow": "layer = keras.layers.Embedding(V, D)\nlayer.build()\n"
            "return layer.stateless_call([w], [], t)[0]"
        },
        absent={"pytorch": "a layer of Keras", "jax": "a layer of Keras"},
        sizes=_SIZES,
    ),
    Case(
        name="padding_index",
        inputs=_INPUTS,
        reference=padded,
        code={"pytorch": "F.embedding(t, w, padding_idx=1)"},
        absent=_HERE,
        sizes=_SIZES,
        quick=True,
    ),
    Case(
        name="largest_norm",
        inputs={"w": real("V, D", gradient=False), "t": whole("B, T", "V")},
        reference=limited,
        code={"pytorch": "F.embedding(t, w.clone(), max_norm=1.0)"},
        absent=_HERE,
        no_gradient="it shortens the table in place",
        sizes=_SIZES,
    ),
    *(
        Case(
            name=f"bag_{kind}",
            inputs=_INPUTS,
            reference=reference,
            code={"pytorch": f"F.embedding_bag(t, w, mode='{kind}')"},
            absent=_BAGS,
            sizes=_SIZES,
        )
        for kind, reference in (("sum", bag_sum), ("mean", bag_mean))
    ),
    Case(
        name="bag_max",
        inputs={"w": real("V, D"), "t": whole("B, T", "V")},
        reference=bag_largest,
        code={"pytorch": "F.embedding_bag(t, w, mode='max')"},
        absent=_BAGS,
        no_gradient="a row that stands twice ties with itself",
        sizes=_SIZES,
    ),
    Case(
        name="bag_weighted",
        inputs={**_INPUTS, "p": real("B, T")},
        reference=bag_weighted,
        code={"pytorch": "F.embedding_bag(t, w, mode='sum', per_sample_weights=p)"},
        absent=_BAGS,
        sizes=_SIZES,
    ),
    Case(
        name="bag_offsets",
        inputs={"w": real("V, D"), "t": whole("9", "V")},
        reference=bags,
        code={"pytorch": "F.embedding_bag(t, w, torch.tensor(starts, device=t.device), mode='sum')"},
        absent=_BAGS,
        sizes={"V": (3, 17), "D": (1, 5), "starts": ((0, 2, 5), (0, 1, 8), (0, 4, 4))},
    ),
    Case(
        name="one_hot",
        inputs={"w": real("V, D"), "t": whole("B, T", "V")},
        reference=rows,
        code={
            "pytorch": "F.one_hot(t, V).to(w.dtype) @ w",
            "tensorflow": "rows = tf.reshape(tf.one_hot(t, V, dtype=w.dtype), (B * T, V))\n"
            "return tf.reshape(tf.matmul(rows, w), (B, T, D))",
            "jax": "nn.one_hot(t, V, dtype=w.dtype) @ w",
        },
        sizes=_SIZES | {"V": (3, 17)},
    ),
)
