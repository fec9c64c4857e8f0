"""Names in buckets of like length, padded in NumPy, under a GRU in JAX, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.plain import gru_jax


def trainer(letters: int, languages: int, names: Any, boundaries: tuple[int, ...], size: int) -> Callable[..., float]:
    train = gru_jax.trainer(letters, languages)

    def epoch(order: Any) -> float:
        total = 0.0
        waiting: list[list[int]] = [[] for _ in range(len(boundaries) + 1)]
        for place, bucket in zip(order, np.digitize(names[1][order], boundaries), strict=True):
            waiting[bucket].append(place)
            if len(waiting[bucket]) == size:
                rows, waiting[bucket] = waiting[bucket], []
                total += train(names[0][rows, : names[1][rows].max()], names[1][rows], names[2][rows])
        return total

    return epoch
