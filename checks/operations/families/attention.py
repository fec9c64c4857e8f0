"""Attention: long, odd head widths, float and boolean masks, masked rows, grouped queries, other lengths of keys.

Bound: the products' k·u·|A||B| (Higham 2002, section 3.5), carried through the softmax to first order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.case import Case, Input, real, truth
from checks.operations.functions import einsum, softmax, where

FAR = -1e30
NARROW = {
    "tensorflow": "Keras takes the root of the width in float32",
    "jax": "jax.nn.dot_product_attention has its scores in float32",
}
_TORCH = "F.scaled_dot_product_attention(q, k, v{})"
_JAX = "jnp.swapaxes(jax.nn.dot_product_attention(*(jnp.swapaxes(x, 1, 2) for x in (q, k, v)){}), 1, 2)"
_KERAS = (
    "tf.transpose(keras.ops.dot_product_attention(*(tf.transpose(x, (0, 2, 1, 3)) for x in (q, k, v)){}), (0, 2, 1, 3))"
)


def attend(q: Any, k: Any, v: Any, scale: float = 0.0) -> Any:
    """Return softmax(q·kᵀ / √d) v; `scale` replaces 1/√d."""
    scores = einsum("bhqd,bhkd->bhqk", q, k) * (scale or q.shape[-1] ** -0.5)
    return einsum("bhqk,bhkd->bhqd", softmax(scores), v)


def attend_biased(q: Any, k: Any, v: Any, m: Any) -> Any:
    """Return attention with `m` added to the scores."""
    scores = einsum("bhqd,bhkd->bhqk", q, k) * q.shape[-1] ** -0.5 + m
    return einsum("bhqk,bhkd->bhqd", softmax(scores), v)


def attend_allowed(q: Any, k: Any, v: Any, m: Any) -> Any:
    """Return attention to the keys that `m` allows; the first key is always allowed."""
    first = np.arange(k.shape[2]) == 0
    scores = einsum("bhqd,bhkd->bhqk", q, k) * q.shape[-1] ** -0.5
    return einsum("bhqk,bhkd->bhqd", softmax(where(m | first, scores, FAR)), v)


def attend_rows(q: Any, k: Any, v: Any, m: Any) -> Any:
    """Return attention in which a query without an allowed key gives zeros."""
    some = m.any(-1)[:, :, :, None]
    scores = einsum("bhqd,bhkd->bhqk", q, k) * q.shape[-1] ** -0.5
    return where(some, einsum("bhqk,bhkd->bhqd", softmax(where(m, scores, FAR)), v), 0.0)


def attend_causal(q: Any, k: Any, v: Any) -> Any:
    """Return attention to keys that are not later than the query."""
    past = np.tril(np.ones((q.shape[2], k.shape[2]), bool))
    scores = einsum("bhqd,bhkd->bhqk", q, k) * q.shape[-1] ** -0.5
    return einsum("bhqk,bhkd->bhqd", softmax(where(past, scores, FAR)), v)


def attend_grouped(q: Any, k: Any, v: Any) -> Any:
    """Return attention in which several heads of queries share one of keys and values."""
    group = q.shape[1] // k.shape[1]
    heads = np.arange(q.shape[1]) // group
    return attend(q, k[:, heads], v[:, heads])


def heads_layer(x: Any, w: Any, b: Any, o: Any, c: Any, H: int) -> Any:  # noqa: N803 - the size's name
    """Return the layer of H heads: one projection to queries, keys, values, attention, and one back."""
    rows, length, width = x.shape
    made = (x @ w.T + b).reshape(rows, length, 3, H, width // H).transpose(2, 0, 3, 1, 4)
    found = attend(made[0], made[1], made[2])
    return found.transpose(0, 2, 1, 3).reshape(rows, length, width) @ o.T + c


def keras_heads(x: Any, *given: Any) -> Any:
    """Return Keras's layer: kernels (width, heads, size) for queries, keys, values, and (heads, size, width) back."""
    *pairs, o, c = given
    made = [einsum("btw,whd->bhtd", x, w) + b[:, None] for w, b in zip(pairs[::2], pairs[1::2], strict=True)]
    return einsum("bhtd,hdw->btw", attend(*made), o) + c


def keras_causal(x: Any, *given: Any) -> Any:
    """Return Keras's layer with the causal mask."""
    *pairs, o, c = given
    made = [einsum("btw,whd->bhtd", x, w) + b[:, None] for w, b in zip(pairs[::2], pairs[1::2], strict=True)]
    return einsum("bhtd,hdw->btw", attend_causal(*made), o) + c


def _three(q: str = "B, H, T, D", k: str = "B, H, S, D", v: str = "B, H, S, D") -> dict[str, Input]:
    return {"q": real(q), "k": real(k), "v": real(v)}


_FEW = {"B": (1, 2), "H": (1, 2, 3)}
_KERAS_HEADS = {
    "x": real("B, T, W"),
    **{f"{kind}{part}": real("W, H, D" if kind == "w" else "H, D") for part in "qkv" for kind in "wb"},
    "o": real("H, D, W"),
    "c": real("W"),
}
_KERAS_LAYER = (
    "layer = keras.layers.MultiHeadAttention(H, D{options})\n"
    "layer.build((B, T, W), (B, T, W))\n"
    "given = [wq, bq, wk, bk, wv, bv, o, c]\n"
    "y, _ = layer.stateless_call(given, layer.non_trainable_variables, x, x{call})\n"
    "return y{take}"
)
_NOT_HERE = "one of Keras's layers"


def _keras(name: str, options: str = "", call: str = "", take: str = "", causal: bool = False) -> Case:
    return Case(
        name=name,
        inputs=_KERAS_HEADS,
        reference=keras_causal if causal else keras_heads,
        code={"tensorflow": _KERAS_LAYER.format(options=options, call=call, take=take)},
        sizes={"B": (1, 2), "T": (3, 9), "W": (6, 8), "H": (2, 3), "D": (4, 5)},
        absent={"pytorch": _NOT_HERE, "jax": _NOT_HERE},
        narrow=NARROW,
    )


def _heads(name: str, weights: str, absent: str, quick: bool = False) -> Case:
    return Case(
        name=name,
        inputs={
            "x": real("B, T, W"),
            "w": real("3 * W, W"),
            "b": real("3 * W"),
            "o": real("W, W"),
            "c": real("W"),
        },
        reference=heads_layer,
        code={
            "pytorch": "layer = nn.MultiheadAttention(W, H, batch_first=True, device=x.device, dtype=x.dtype)\n"
            "layer.in_proj_weight, layer.in_proj_bias, layer.out_proj.weight, layer.out_proj.bias = w, b, o, c\n"
            f"return layer(x, x, x, need_weights={weights})[0]",
        },
        absent={"tensorflow": absent, "jax": "JAX has no layers"},
        sizes={"B": (1, 3), "T": (1, 9, 20), "W": (12, 24), "H": (1, 2, 4)},
        eager_only="it makes a module",
        quick=quick,
    )


CASES = (
    Case(
        name="plain",
        inputs=_three(),
        reference=attend,
        code={"pytorch": _TORCH.format(""), "tensorflow": _KERAS.format(""), "jax": _JAX.format("")},
        narrow=NARROW,
        sizes={**_FEW, "T": (1, 5, 16), "S": (1, 7, 16), "D": (8, 16)},
        quick=True,
    ),
    Case(
        name="long",
        inputs=_three(),
        reference=attend,
        code={"pytorch": _TORCH.format(""), "tensorflow": _KERAS.format(""), "jax": _JAX.format("")},
        narrow=NARROW,
        sizes={"B": (1,), "H": (1, 2), "T": (65, 200, 513), "S": (65, 300, 520), "D": (16, 32)},
        quick=True,
    ),
    Case(
        name="odd_head_width",
        inputs=_three(),
        reference=attend,
        code={"pytorch": _TORCH.format(""), "tensorflow": _KERAS.format(""), "jax": _JAX.format("")},
        narrow=NARROW,
        sizes={**_FEW, "T": (5, 33), "S": (7, 40), "D": (1, 3, 7, 13, 65, 257)},
    ),
    Case(
        name="cross_lengths",
        inputs=_three(),
        reference=attend,
        code={"pytorch": _TORCH.format(""), "tensorflow": _KERAS.format(""), "jax": _JAX.format("")},
        narrow=NARROW,
        sizes={**_FEW, "T": (1, 3, 70), "S": (2, 37, 129), "D": (8, 24)},
    ),
    Case(
        name="wider_values",
        inputs=_three(v="B, H, S, 2 * D"),
        reference=attend,
        code={"pytorch": _TORCH.format("")},
        absent=dict.fromkeys(("tensorflow", "jax"), "values have the width of the keys there"),
        sizes={**_FEW, "T": (3, 20), "S": (5, 31), "D": (4, 8)},
    ),
    Case(
        name="scale",
        inputs=_three(),
        reference=lambda q, k, v: attend(q, k, v, scale=0.25),
        code={
            "pytorch": _TORCH.format(", scale=0.25"),
            "tensorflow": _KERAS.format(", scale=0.25"),
            "jax": _JAX.format(", scale=0.25"),
        },
        narrow={"jax": NARROW["jax"]},
        sizes={**_FEW, "T": (3, 20), "S": (5, 31), "D": (5, 8)},
    ),
    Case(
        name="float_mask",
        inputs={**_three(), "m": real("B, 1, T, S", -2, 2)},
        reference=attend_biased,
        code={
            "pytorch": _TORCH.format(", attn_mask=m"),
            "tensorflow": _KERAS.format(", bias=m"),
            "jax": _JAX.format(", bias=m"),
        },
        narrow=NARROW,
        sizes={**_FEW, "T": (1, 9, 70), "S": (5, 66), "D": (8, 12)},
        quick=True,
    ),
    Case(
        name="float_mask_without_gradient",
        inputs={**_three(), "m": real("T, S", -2, 2, gradient=False)},
        reference=attend_biased,
        code={"pytorch": _TORCH.format(", attn_mask=m")},
        absent=dict.fromkeys(("tensorflow", "jax"), "the same kernel as with a gradient"),
        sizes={**_FEW, "T": (1, 9, 70), "S": (5, 66), "D": (8, 12)},
    ),
    Case(
        name="boolean_mask",
        inputs={**_three(), "m": truth("B, 1, T, S")},
        reference=attend_allowed,
        code={
            "pytorch": _TORCH.format(", attn_mask=m | (torch.arange(m.shape[-1]) == 0).to(m.device)"),
            "tensorflow": _KERAS.format(", mask=m | (tf.range(S) == 0)"),
            "jax": _JAX.format(", mask=m | (jnp.arange(S) == 0)"),
        },
        narrow=NARROW,
        sizes={**_FEW, "T": (2, 9, 70), "S": (5, 66), "D": (8, 12)},
    ),
    Case(
        name="masked_rows",
        inputs={**_three(), "m": truth("B, 1, T, S")},
        reference=attend_rows,
        code={"pytorch": _TORCH.format(", attn_mask=m")},
        absent=dict.fromkeys(
            ("tensorflow", "jax"), "a query without keys gives the mean of all values there, by convention"
        ),
        sizes={**_FEW, "T": (9, 40), "S": (1, 2, 3), "D": (8, 12)},
    ),
    Case(
        name="causal",
        inputs=_three(k="B, H, T, D", v="B, H, T, D"),
        reference=attend_causal,
        code={
            "pytorch": _TORCH.format(", is_causal=True"),
            "tensorflow": _KERAS.format(", is_causal=True"),
            "jax": _JAX.format(", is_causal=True"),
        },
        narrow=NARROW,
        sizes={**_FEW, "T": (1, 5, 33, 130), "D": (8, 11)},
        quick=True,
    ),
    Case(
        name="causal_cross",
        inputs=_three(),
        reference=attend_causal,
        code={"pytorch": _TORCH.format(", is_causal=True"), "jax": _JAX.format(", is_causal=True")},
        absent={"tensorflow": "Keras's mask is square"},
        narrow={"jax": NARROW["jax"]},
        sizes={**_FEW, "T": (5, 33), "S": (40, 70), "D": (8, 11)},
    ),
    Case(
        name="grouped_queries",
        inputs=_three(q="B, 2 * H, T, D"),
        reference=attend_grouped,
        code={"pytorch": _TORCH.format(", enable_gqa=True"), "jax": _JAX.format("")},
        absent={"tensorflow": "the function has no groups; keras.layers.GroupQueryAttention repeats keys"},
        narrow={"jax": NARROW["jax"]},
        sizes={**_FEW, "T": (3, 20), "S": (5, 31), "D": (5, 8)},
    ),
    Case(
        name="no_dropout",
        inputs=_three(),
        reference=attend,
        code={
            "pytorch": "with nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):\n"
            "    return F.scaled_dot_product_attention(q, k, v, dropout_p=0.0)"
        },
        absent=dict.fromkeys(("tensorflow", "jax"), "the function has no dropout"),
        sizes={**_FEW, "T": (3, 20), "S": (5, 31), "D": (5, 8)},
    ),
    _heads("heads_layer", "False", absent="keras_layer", quick=True),
    _heads("heads_layer_with_weights", "True", absent="keras_layer_with_scores"),
    _keras("keras_layer"),
    _keras("keras_layer_with_scores", call=", return_attention_scores=True", take="[0]"),
    _keras("keras_layer_causal", call=", use_causal_mask=True", causal=True),
    _keras(
        "keras_layer_causal_with_scores",
        call=", use_causal_mask=True, return_attention_scores=True",
        take="[0]",
        causal=True,
    ),
    _keras("keras_layer_causal_with_dropout", ", dropout=0.5", ", use_causal_mask=True, training=False", causal=True),
)
