"""Numbers that are the same bits everywhere: Philox integers scaled by powers of two.

A framework's own random numbers differ between versions, instruction sets and GPUs at one seed; these do not. Philox
is a counter-based generator whose raw stream NumPy guarantees. Every number drawn here fits a float32 exactly.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

BITS = 16


def integers(seed: int, stream: str, shape: tuple[int, ...], bits: int = BITS) -> NDArray[np.int64]:
    """Return unsigned integers of `bits` bits; every `stream` name gives independent numbers."""
    key = np.frombuffer(hashlib.sha256(f"{seed}/{stream}".encode()).digest()[:16], dtype="<u8").astype(np.uint64)
    raw = np.random.Philox(key=key).random_raw(math.prod(shape))
    return (raw >> np.uint64(64 - bits)).astype(np.int64).reshape(shape)


def uniform(seed: int, stream: str, shape: tuple[int, ...], scale: float = 1.0) -> NDArray[np.float64]:
    """Return numbers in [-scale, scale) on a grid of 2^-15 × `scale`, which must be a power of two."""
    if math.frexp(scale)[0] != 0.5:
        raise ValueError(f"scale {scale} is not a power of two, so the numbers would not be exact")
    half = 1 << (BITS - 1)
    return (integers(seed, stream, shape) - half).astype(np.float64) * (scale / half)


def permutation(seed: int, stream: str, count: int) -> NDArray[np.int64]:
    """Return 0 … count-1 in a drawn order."""
    return np.argsort(integers(seed, stream, (count,), bits=62), kind="stable")
