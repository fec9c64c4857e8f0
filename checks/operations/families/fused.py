"""Fusion: several operations in one function, which compilers make one loop of.

Bound: running error analysis of the whole (Higham 2002, section 3.3); sums in any order (section 4.2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.case import Case, real
from checks.operations.functions import exp, sin, softmax, stack


def squared_rows(x: Any, m: Any) -> Any:
    """Return Σ (m·row)² of every row."""
    made = x @ m.T
    return (made * made).sum(-1)


def summed_products(a: Any, b: Any) -> Any:
    """Return the sum of products along the fourth axis of seven."""
    return (a * b).sum(3)


def summed_repeated(a: Any, b: Any) -> Any:
    """Return the sum along the third axis of b times a, which lacks the last three axes."""
    return (a.reshape(*a.shape, 1, 1, 1) * b).sum(2)


def constant_rows(x: Any) -> Any:
    """Return x times one more than a fixed table, whose rows are looked up whole."""
    table = np.arange(2.0 * x.shape[1]).reshape(2, -1)
    return x * (table + 1)


def sliced(x: Any, y: Any) -> Any:
    """Return three functions of slices beside each other."""
    return stack([exp(x[..., 4]), sin(y), x[..., 1] * y], -1)


def softmax_sums(x: Any) -> Any:
    """Return the softmax over the first axis summed over its rows, and the softmax turned round."""
    made = softmax(x.transpose(1, 2, 0)).transpose(2, 0, 1)
    return made.transpose(0, 2, 1).sum(0), made.transpose(2, 1, 0)


def normalised(x: Any, s: Any) -> Any:
    """Return e^(-x·s) of every row over its sum."""
    made = exp(-(x * s.reshape(-1, 1, 1, 1)))
    return made / made.sum((1, 2, 3), keepdims=True)


def scaled_residual(x: Any, y: Any, w: Any) -> Any:
    """Return (x + y) over the root mean square of its rows, times w, plus x."""
    made = x + y
    return made / ((made * made).mean(-1, keepdims=True) + 0.25) ** 0.5 * w + x


def _case(name: str, reference: Any, inputs: Any, sizes: Any, code: tuple[str, str, str], **more: Any) -> Case:
    texts = dict(zip(("pytorch", "tensorflow", "jax"), code, strict=True))
    return Case(name=name, reference=reference, inputs=inputs, sizes=sizes, code=texts, fused=True, **more)


CASES = (
    # more rows than one thread takes: XLA's loops over 2^15 float32 or 2^14 float64 rows are cut into parts
    _case(
        "squared_rows",
        squared_rows,
        {"x": real("N, 3"), "m": real("3, 3", gradient=False)},  # a sum over all rows has too wide a bound
        {"N": (32769, 40000)},
        (
            "((x @ m.T) ** 2).sum(-1)",
            "tf.reduce_sum(tf.square(tf.matmul(x, m, transpose_b=True)), -1)",
            "jax.vmap(lambda row: jnp.sum((m @ row) ** 2))(x)",
        ),
    ),
    _case(
        "summed_products",
        summed_products,
        {"a": real("3, A, 2, 2, K, K, K"), "b": real("3, A, 2, 2, K, K, K")},
        {"A": (1, 2), "K": (4, 8)},
        ("(a * b).sum(3)", "tf.reduce_sum(a * b, 3)", "jnp.sum(a * b, axis=3)"),
    ),
    _case(
        "summed_repeated",
        summed_repeated,
        {"a": real("4, B, 6"), "b": real("4, B, 6, K, K, K")},
        {"B": (1, 4), "K": (3, 5)},
        (
            "(a[..., None, None, None] * b).sum(2)",
            "tf.reduce_sum(a[..., None, None, None] * b, 2)",
            "jnp.sum(a[..., None, None, None] * b, axis=2)",
        ),
    ),
    _case(
        "constant_rows",
        constant_rows,
        {"x": real("2, N")},
        {"N": (6, 33)},
        (
            "table = torch.arange(2 * N, device=x.device, dtype=x.dtype).reshape(2, N)\n"
            "return x * (table[:, torch.arange(N, device=x.device)] + 1)",
            "table = tf.reshape(tf.range(2 * N), (2, N))\n"
            "return x * tf.cast(tf.gather(table, tf.range(N), axis=1) + 1, x.dtype)",
            "table = jnp.asarray(np.arange(2 * N).reshape(2, N))\n"
            "places = jnp.arange(N)\n"
            "return x * (jax.vmap(lambda row: row[places])(table) + 1)",
        ),
    ),
    _case(
        "sliced",
        sliced,
        {"x": real("N, M, 7"), "y": real("N, M")},
        {"N": (1, 4), "M": (3, 8, 17)},
        (
            "torch.stack((x[..., 4].exp(), y.sin(), x[..., 1] * y), -1)",
            "tf.stack((tf.exp(x[..., 4]), tf.sin(y), x[..., 1] * y), -1)",
            "jnp.stack((jnp.exp(x[..., 4]), jnp.sin(y), x[..., 1] * y), -1)",
        ),
    ),
    _case(
        "softmax_sums",
        softmax_sums,
        {"x": real("N, M, K", -4, 4)},
        {"N": (2, 5), "M": (3, 8), "K": (4, 17)},
        (
            "y = x.softmax(0)\nreturn y.transpose(1, 2).sum(0), y.permute(2, 1, 0)",
            "y = tf.nn.softmax(x, 0)\nreturn tf.reduce_sum(tf.transpose(y, (0, 2, 1)), 0), tf.transpose(y, (2, 1, 0))",
            "y = nn.softmax(x, 0)\nreturn y.transpose(0, 2, 1).sum(0), y.transpose(2, 1, 0)",
        ),
    ),
    _case(
        "normalised",
        normalised,
        {"x": real("N, 1, M, M"), "s": real("N")},
        {"N": (2, 5), "M": (4, 32)},
        (
            "y = torch.exp(-torch.einsum('i...,i->i...', x, s))\n"
            "return torch.einsum('i,i...->i...', 1 / torch.einsum('i...->i', y), y)",
            "y = tf.exp(-x * s[:, None, None, None])\nreturn y / tf.reduce_sum(y, (1, 2, 3), keepdims=True)",
            "y = jnp.exp(-jnp.einsum('i...,i->i...', x, s))\nreturn y / y.sum((1, 2, 3), keepdims=True)",
        ),
    ),
    _case(
        "scaled_residual",
        scaled_residual,
        {"x": real("N, T, C"), "y": real("N, T, C"), "w": real("C")},
        {"N": (1, 3), "T": (2, 5), "C": (7, 64)},
        (
            "z = x + y\nreturn z * torch.rsqrt((z * z).mean(-1, keepdim=True) + 0.25) * w + x",
            "z = x + y\nreturn z * tf.math.rsqrt(tf.reduce_mean(z * z, -1, keepdims=True) + 0.25) * w + x",
            "z = x + y\nreturn z * lax.rsqrt((z * z).mean(-1, keepdims=True) + 0.25) * w + x",
        ),
    ),
)
