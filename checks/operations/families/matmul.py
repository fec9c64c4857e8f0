"""Matrix products of rank 1 to 5 with broadcasting: odd and long inner sizes, length 1, empty, transposed storage.

Bound: k roundings of the sum of |a||b| in any order (Higham 2002, section 3.5).
"""

from __future__ import annotations

from typing import Any

from checks.operations.case import Case, real

_PLAIN = {"pytorch": "torch.matmul(a, b)", "tensorflow": "tf.matmul(a, b)", "jax": "jnp.matmul(a, b)"}
_IN_TWO_THREADS = """before = torch.get_num_threads()
torch.set_num_threads(2)
try:
    return {}
finally:
    torch.set_num_threads(before)"""
_NUMPY_LIKE = {"tensorflow": "tf.matmul takes no vectors; rank 1 is in einsum"}


def product(a: Any, b: Any) -> Any:
    """Return a·b over the last axis of one and the last but one of the other."""
    return a @ b


def linear(x: Any, w: Any, b: Any) -> Any:
    """Return x·w + b."""
    return x @ w + b


def outer_product(a: Any, b: Any) -> Any:
    """Return every product of an element of `a` and one of `b`."""
    return a.reshape(-1, 1) * b.reshape(1, -1)


def _case(name: str, a: str, b: str, quick: bool = False, **sizes: tuple[int, ...]) -> Case:
    absent = _NUMPY_LIKE if min(a.count(","), b.count(",")) == 0 else {}
    code = {framework: text for framework, text in _PLAIN.items() if framework not in absent}
    return Case(
        name=name,
        inputs={"a": real(a), "b": real(b)},
        reference=product,
        code=code,
        sizes=sizes,
        absent=absent,
        quick=quick,
    )


_SMALL = (1, 2, 3, 5, 8, 13)
_LINEAR = {
    "pytorch": "F.linear(x, w.T, b)",
    "tensorflow": "tf.nn.bias_add(tf.matmul(x, w), b)",
    "jax": "x @ w + b",
}

CASES = (
    _case("rank1_rank1", "K", "K", K=(1, 7, 300)),
    _case("rank1_rank2", "K", "K, N", K=(5, 33), N=_SMALL),
    _case("rank2_rank1", "M, K", "K", K=(5, 33, 257), M=_SMALL),
    _case("rank2_rank2", "M, K", "K, N", M=_SMALL, K=(1, 4, 7, 31, 64), N=_SMALL, quick=True),
    _case("rank3_rank3", "B, M, K", "B, K, N", B=(1, 2, 3), M=_SMALL, K=(4, 7, 31), N=_SMALL),
    _case("rank3_rank2", "B, M, K", "K, N", B=(2, 3), M=_SMALL, K=(4, 7, 31), N=_SMALL, quick=True),
    _case("rank2_rank3", "M, K", "B, K, N", B=(2, 3), M=_SMALL, K=(4, 7, 31), N=_SMALL),
    _case("rank4_rank2", "B, H, T, K", "K, N", B=(2, 8, 13), H=(1, 2, 3), T=(3, 5), K=(4, 7), N=(16, 5), quick=True),
    # one head: where oneDNN's product reads out of bounds in TensorFlow 2.16 to 2.21
    _case("rank4_rank2_one", "B, 1, T, K", "K, N", B=(64, 65), T=(16,), K=(32, 33), N=(64,), quick=True),
    _case("rank4_rank2_wide", "B, H, T, K", "K, N", B=(8, 13), H=(2, 4), T=(8, 16), K=(8, 32), N=(16, 33)),
    _case("rank4_rank4", "B, H, T, K", "B, H, K, N", B=(2, 3), H=(1, 2, 5), T=_SMALL, K=(3, 8, 65), N=_SMALL),
    _case("rank4_rank3", "B, H, T, K", "H, K, N", B=(2, 3), H=(2, 5), T=_SMALL, K=(3, 8), N=_SMALL),
    _case("rank5_rank2", "A, B, H, T, K", "K, N", A=(2, 3), B=(1, 2), H=(2, 3), T=(3, 4), K=(4, 5), N=(3, 16)),
    _case("rank5_rank5", "A, B, 1, T, K", "1, B, H, K, N", A=(2, 3), B=(2, 3), H=(2, 3), T=(3, 4), K=(4, 5), N=(3, 5)),
    _case("broadcast_ones", "B, 1, M, K", "1, H, K, N", B=(2, 3), H=(2, 3), M=(1, 5), K=(1, 9), N=(1, 4)),
    _case("odd_inner_300", "M, K", "K, N", M=(3, 17), K=(257, 301, 513, 999), N=(5, 19), quick=True),
    _case("inner_1000", "M, K", "K, N", M=(32, 64), K=(1000, 1003, 2047), N=(31, 64)),
    _case("size_512", "M, K", "K, N", M=(512, 513), K=(512, 515), N=(512, 520)),
    _case("size_1100", "M, K", "K, N", M=(1025, 1100), K=(64, 67), N=(1025, 1031)),
    _case("length_1", "1, 1", "1, 1"),
    _case("one_column", "M, K", "K, 1", M=(1, 70), K=(3, 130)),
    _case("one_row", "1, K", "K, N", K=(3, 130), N=(1, 70)),
    _case("empty_rows", "0, K", "K, N", K=(3,), N=(4,)),
    _case("empty_inner", "M, 0", "0, N", M=(3,), N=(4,)),
    Case(
        name="linear",
        inputs={"x": real("B, K"), "w": real("K, N"), "b": real("N")},
        reference=linear,
        code=_LINEAR,
        sizes={"B": (1, 7, 64), "K": (9, 257, 1000), "N": (3, 17, 64)},
        quick=True,
    ),
    Case(
        name="linear_rank3",
        inputs={"x": real("B, T, K"), "w": real("K, N"), "b": real("N")},
        reference=linear,
        code=_LINEAR,
        sizes={"B": (1, 3), "T": (5, 9), "K": (9, 33), "N": (3, 17)},
    ),
    Case(
        name="transposed_storage",
        inputs={"a": real("M, K"), "b": real("K, N")},
        reference=product,
        code={
            "pytorch": "a.T.contiguous().T @ b.T.contiguous().T",
            "tensorflow": "tf.matmul(tf.transpose(a), tf.transpose(b), transpose_a=True, transpose_b=True)",
            "jax": "lax.dot_general(a.T, b.T, (((0,), (1,)), ((), ())))",
        },
        sizes={"M": (3, 40), "K": (5, 65), "N": (7, 33)},
        quick=True,
    ),
    Case(
        name="strided_storage",
        inputs={"a": real("M, 2 * K"), "b": real("K, N")},
        reference=lambda a, b: a[:, ::2] @ b,
        code={
            "pytorch": "torch.matmul(a[:, ::2], b)",
            "tensorflow": "tf.matmul(a[:, ::2], b)",
            "jax": "jnp.matmul(a[:, ::2], b)",
        },
        sizes={"M": (3, 40), "K": (5, 65), "N": (7, 33)},
    ),
    Case(
        name="batched_threads",
        inputs={"a": real("B, M, K"), "b": real("B, K, N")},
        reference=product,
        code={
            "pytorch": _IN_TWO_THREADS.format("torch.bmm(a, b)"),
        },
        sizes={"B": (4, 9), "M": (33, 64), "K": (65, 128), "N": (31, 64)},
        absent=dict.fromkeys(("tensorflow", "jax"), "threads are set at start: run with --threads 2"),
        eager_only="it sets the number of threads",
    ),
    Case(
        name="linear_threads",
        inputs={"x": real("B, K"), "w": real("K, N"), "b": real("N")},
        reference=linear,
        code={
            "pytorch": _IN_TWO_THREADS.format("F.linear(x, w.T, b)"),
        },
        sizes={"B": (64, 257), "K": (257, 512), "N": (65, 128)},
        absent=dict.fromkeys(("tensorflow", "jax"), "threads are set at start: run with --threads 2"),
        eager_only="it sets the number of threads",
    ),
    Case(
        name="keras_dense",
        inputs={"x": real("B, K"), "w": real("K, N"), "b": real("N")},
        reference=linear,
        code={
            "tensorflow": "layer = keras.layers.Dense(N)\nlayer.build(x.shape)\n"
            "return layer.stateless_call([w, b], [], x)[0]"
        },
        absent=dict.fromkeys(("pytorch", "jax"), "a layer of Keras"),
        sizes={"B": (1, 7, 64), "K": (9, 257), "N": (3, 17)},
    ),
    Case(
        name="outer",
        inputs={"a": real("M"), "b": real("N")},
        reference=outer_product,
        code={"pytorch": "torch.outer(a, b)", "tensorflow": "tf.tensordot(a, b, 0)", "jax": "jnp.outer(a, b)"},
        sizes={"M": (1, 9, 33), "N": (2, 17)},
    ),
)
