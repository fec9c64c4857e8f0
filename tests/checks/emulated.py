"""The exact trainings with products as other hardware makes them: inputs and sums kept to so many significant bits."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from checks.exact import canonical, draw
from checks.exact.dyadic import Dyadic, dyadic
from checks.exact.models import MODELS
from checks.exact.reference import Trainer
from tests.checks import one_job

JOB = dataclasses.replace(one_job.JOB, seed=0)

Array = NDArray[np.float64]


def keep(values: Array, bits: int) -> Array:
    """Round to `bits` significant bits, ties to even."""
    part, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.rint(np.ldexp(part, bits)), exponent - bits))


@contextmanager
def products_of(inputs: int, sums: int) -> Iterator[None]:
    """Let every matrix product, forward and back, round its inputs and, one after the other, its sums."""

    def matmul(left: Dyadic, right: Dyadic) -> Dyadic:
        a, b = keep(left.floats(), inputs), keep(right.floats(), inputs)
        total = np.zeros((len(a), b.shape[1]))
        for column, row in zip(a.T, b, strict=True):
            total = keep(total + np.outer(column, row), sums)
        return dyadic(total, left.bits + right.bits)

    original = Dyadic.matmul
    Dyadic.matmul = matmul  # type: ignore[method-assign,assignment]  # what the hardware would do
    try:
        yield
    finally:
        Dyadic.matmul = original  # type: ignore[method-assign]


def train(model: str, steps: int) -> list[bytes]:
    """Return all that is recorded of a training, step by step."""
    trainer, record = Trainer(model, *draw(model, JOB.seed), JOB), []
    for _ in range(steps):
        done = trainer.step()
        record.append(canonical(*done.products, done.loss, *done.slopes.values()).tobytes())
    return [*record, canonical(*trainer.weights().values()).tobytes()]


def same_everywhere(inputs: int, sums: int, steps: int) -> dict[str, bool]:
    """Return for each model whether such products give every recorded bit of the one right answer."""
    right = {model: train(model, steps) for model in MODELS}
    with products_of(inputs, sums):
        return {model: train(model, steps) == right[model] for model in MODELS}
