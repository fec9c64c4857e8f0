"""The zoo: which primitives are differentiated, and on which inputs.

Inputs stay away from kinks and poles, where `corners.py` looks, and from where a function loses its digits, so that
what is left is rounding. Every backend has a function of each name, of one to three arrays, in the layout stated here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers

Array = NDArray[Any]

GATHERED = np.array([3, 0, 3, 5, 1, 3])
"""Rows that `gather` takes and `scatter add` adds to: some twice, some never."""
CLASSES = np.array([2, 0, 7, 3, 3, 1])
NORM_EPSILON = 2.0**-10
_STEPS = 1 << 16


class Span(NamedTuple):
    """An input drawn between `low` and `high`, whose difference is a power of two: exact in float32."""

    shape: tuple[int, ...]
    low: float = -1.0
    high: float = 1.0


class Primitive(NamedTuple):
    """One function; `kind` names its tolerance."""

    name: str
    kind: str
    inputs: tuple[Span, ...]


def _line(name: str, low: float, high: float) -> Primitive:
    return Primitive(name, "elementwise", (Span((48,), low, high),))


def _pair(name: str, low: float = -1.0, high: float = 1.0) -> Primitive:
    return Primitive(name, "elementwise", (Span((6, 8), low, high), Span((8,), low, high)))


def _table(name: str, low: float = -1.0, high: float = 1.0, kind: str = "sum") -> Primitive:
    return Primitive(name, kind, (Span((6, 8), low, high),))


ZOO = (
    _line("exp", -4, 4),
    _line("expm1", -2, 2),
    _line("log", 0.25, 4.25),
    _line("log1p", -0.25, 3.75),  # XLA's in float64 is up to 129 ulps off from -0.53 to -0.28: jax-ml/jax#39707
    _line("sqrt", 0.25, 4.25),
    _line("rsqrt", 0.25, 4.25),
    _line("reciprocal", 0.5, 2.5),
    _line("square", -2, 2),
    _line("sin", -4, 4),
    _line("cos", -4, 4),
    _line("tan", -1, 1),
    _line("arctan", -4, 4),
    _line("sinh", -2, 2),
    _line("tanh", -4, 4),
    _line("erf", -2, 2),
    _line("sigmoid", -8, 8),
    _line("softplus", -8, 8),
    _line("relu", -2, 2),
    _line("silu", -8, 8),
    _line("gelu", -4, 4),
    _line("abs", -2, 2),
    _pair("add"),
    _pair("subtract"),
    _pair("multiply"),
    _pair("divide", 0.5, 2.5),
    _pair("power", 0.5, 2.5),
    _pair("arctan2", 0.5, 2.5),
    _pair("maximum"),
    _pair("minimum"),
    _pair("where"),
    _table("sum"),
    _table("mean"),
    _table("variance"),
    _table("product", 0.5, 1.5),
    _table("largest"),
    _table("norm"),
    _table("logsumexp", -2, 2),
    _table("cumulative sum"),
    _table("cumulative product", 0.5, 1.5),
    _table("cumulative maximum"),
    _table("softmax", -2, 2),
    _table("log softmax", -2, 2),
    _table("cross-entropy", -2, 2),
    Primitive("layer norm", "sum", (Span((6, 8)), Span((8,)), Span((8,)))),
    _table("transpose", kind="elementwise"),
    _table("slice", kind="elementwise"),
    _table("flip", kind="elementwise"),
    _table("pad", kind="elementwise"),
    _pair("concatenate"),
    _table("gather"),
    _table("scatter add"),
    _table("sort", kind="elementwise"),
    _table("top 3", kind="elementwise"),
    Primitive("matmul", "sum", (Span((6, 8)), Span((8, 5)))),
    Primitive("batched matmul", "sum", (Span((3, 4, 8)), Span((3, 8, 2)))),
    Primitive("conv2d", "sum", (Span((2, 5, 6, 3)), Span((3, 3, 3, 4)))),  # NHWC, HWIO, no padding
    Primitive("average pool", "sum", (Span((2, 4, 6, 3)),)),  # NHWC, 2 × 2
    Primitive("max pool", "sum", (Span((2, 4, 6, 3)),)),
    Primitive("solve", "solve", (Span((5, 5)), Span((5, 2)))),  # (8·1 + A) X = B
    Primitive("inverse", "solve", (Span((5, 5)),)),  # of 8·1 + A
    Primitive("determinant", "solve", (Span((5, 5), -0.125, 0.125),)),  # of 1 + A
)


def draw_inputs(primitive: Primitive, seed: int) -> tuple[Array, ...]:
    """Draw the inputs of `primitive`; no two numbers of one input are the same, so nothing is tied."""
    return tuple(
        _draw(span, seed, f"{primitive.name} {number}") for number, span in enumerate(primitive.inputs, start=1)
    )


def _draw(span: Span, seed: int, stream: str) -> Array:
    """Draw each number from a slot of its own, slots in a drawn order."""
    count = int(np.prod(span.shape))
    slot = _STEPS // count
    places = np.argsort(integers(seed, f"{stream} order", (count,), bits=62), kind="stable")
    steps = places * slot + integers(seed, stream, (count,)) % slot
    return (span.low + (span.high - span.low) * (steps / _STEPS)).reshape(span.shape)
