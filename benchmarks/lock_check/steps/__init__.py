"""A product, a long sum, a function and ten steps of gradient descent, on numbers that NumPy draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

SIDE, LONG, ROW, SUMS, STEPS, RATE = 256, 1 << 18, 1 << 12, 32, 10, 0.5


def draw(job: Any) -> tuple[Any, Any, Any]:
    """Return a matrix, a long vector and targets; the user's number is added to the targets."""
    drawn = np.random.default_rng(job.seed)
    matrix = drawn.standard_normal((SIDE, SIDE), np.float32)
    vector = drawn.standard_normal(LONG, np.float32)
    targets = drawn.standard_normal(SIDE, np.float32)
    shift = sum(float(file.read_text()) for file in sorted(Path(job.data).glob("*.txt"))) if job.data else 0.0
    return matrix, vector, targets + np.float32(shift)


def prove(backend: Any, job: Any, record: Any) -> None:
    """Record what the backend computes."""
    matrix, vector, targets = draw(job)
    record.tensor("product", "numpy product", backend.numpy_product(matrix))
    record.tensor("product", "product", backend.product(matrix))
    record.tensor("sum", "sums", np.stack([backend.total(vector[start:]) for start in range(SUMS)]))
    record.tensor("sum", "sums of rows", backend.rows(vector.reshape(-1, ROW)))
    record.tensor("function", "function", backend.function(vector.reshape(-1, ROW)))
    for step, loss in enumerate(backend.losses(matrix, targets, STEPS, RATE / SIDE)):
        record.tensor("loss", "loss", loss, step)
    record.progress(1, 1)
