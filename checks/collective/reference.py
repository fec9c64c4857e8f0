"""What every rank must get, added up in float64 without any process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.collective import KINDS, SIZES, TWICE, digits, training
from checks.collective.answers import Answers
from checks.common.float64_training import cross_entropy

if TYPE_CHECKING:
    from checks.common.job import Job

Array = NDArray[Any]


def add_up(world: int, job: Job) -> Answers:
    """Return what `world` ranks get."""
    got: list[dict[str, Array]] = [{} for _ in range(world)]
    for kind, size, first, turn in digits.exchanges(KINDS, SIZES[job.profile], world, TWICE):
        spoken = [digits.said(kind, size, first, turn, rank, world, job.seed) for rank in range(world)]
        for rank in range(world):
            right = digits.right(kind, spoken, rank)
            got[rank][digits.name(kind, size, first, turn)] = right.astype(np.float32) if first >= 0 else right
    losses, weights = train(training.draw(job.seed, range(world)))
    for one in got:
        one |= {training.LOSSES: losses, training.WEIGHTS: weights}
    return Answers(got, [{} for _ in range(world)], {})


def train(task: training.Task) -> list[Array]:
    """Train on all parts together."""
    weights, losses = task.start.copy(), []
    for seen, truth in zip(task.seen, task.truth, strict=True):
        loss, slope = cross_entropy(seen @ weights, truth)
        losses.append(loss)
        weights -= training.RATE * (seen.T @ slope)
    return [np.array(losses), weights]
