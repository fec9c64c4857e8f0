"""Names in buckets of like length, padded in NumPy, under a GRU in JAX, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.plain import gru_jax


def trainer(letters: int, languages: int, names: Any, boundaries: tuple[int, ...], size: int) -> Callable[..., float]:
    train = gru_jax.trainer(letters, languages)
    rows = [row[:length] for row, length in zip(names[0], names[1], strict=True)]

    def epoch(order: Any) -> float:
        total = 0.0
        waiting: list[list[int]] = [[] for _ in range(len(boundaries) + 1)]
        for place, bucket in zip(order, np.digitize(names[1][order], boundaries), strict=True):
            waiting[bucket].append(place)
            if len(waiting[bucket]) == size:
                chosen, waiting[bucket] = waiting[bucket], []
                padded = np.zeros((size, names[1][chosen].max()), np.int32)
                for line, one in zip(padded, chosen, strict=True):
                    line[: len(rows[one])] = rows[one]
                total += train(padded, names[1][chosen], names[2][chosen])
        return total

    return epoch
