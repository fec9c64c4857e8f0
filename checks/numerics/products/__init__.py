"""Ways to multiply matrices, and what was asked of each; one module per framework lists its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from numpy.typing import NDArray

from checks.common.no_kernel import lacks_kernel

FLOAT8_SUMS = 12
"""Significant bits that sums of float8 products must keep. Hopper's tensor cores keep 14 of them, as measured by others
(arXiv 2412.19437, 3.3.2, and 2411.10958, 3.2), which leaves two for another architecture; float16 has 11."""


class Unavailable(Exception):  # noqa: N818 - it is no error: other ways are there
    """A product cannot be made here; the text says why."""


@contextmanager
def unavailable_without_kernel(*, half: bool) -> Iterator[None]:
    """Turn an error that reports a missing half-precision kernel into `Unavailable`; in float32 it is an error."""
    try:
        yield
    except Exception as error:
        if not half or not lacks_kernel(error):
            raise
        raise Unavailable(str(error).partition("\n")[0]) from error


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
