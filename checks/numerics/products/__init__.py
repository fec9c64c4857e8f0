"""Ways to multiply matrices, and what was asked of each; one module per framework lists its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from numpy.typing import NDArray


class Unavailable(Exception):  # noqa: N818 - it is no error: other ways are there
    """A product cannot be made here; the text says why."""


class Product(NamedTuple):
    """One way to compute left (m, k) times right (k, n); `run` takes and returns NumPy arrays or raises `Unavailable`.

    `digits` are the significant bits of the inputs that were asked for (24 float32, 11 TF32 and float16, 8 bfloat16,
    4 and 3 float8) and `exponent` the largest power of two that every input can have; `sums` are the significant bits
    that sums must keep at least, and `holds` those of the numbers that go in, where the product may round them.
    """

    name: str
    run: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
    digits: int = 24
    exponent: int = 127
    sums: int = 24
    holds: int = 0
    even: bool = False
    """True when all sizes must be multiples of 16."""
