"""Data-parallel training: every rank has a part of each batch, gradients are averaged, and all keep the same weights.

A softmax regression by SGD. Parts are equal, so the mean of the ranks' mean losses is the mean over the whole batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers, uniform

if TYPE_CHECKING:
    from checks.collective.answers import Answers
    from checks.common.record import Recorder

Array = NDArray[Any]
FEATURES, CLASSES, PART, STEPS, RATE = 24, 5, 16, 12, 0.25
WEIGHTS, LOSSES = "training weights", "training losses"


class Task(NamedTuple):
    """A rank's part of every batch (steps, part, features) with the classes (steps, part), and the weights to start."""

    seen: Array
    truth: NDArray[np.int64]
    start: Array


def draw(seed: int, ranks: range) -> Task:
    """Return the part of these ranks, in order: of one, or of all together."""
    shape = (STEPS, PART, FEATURES)
    seen = [uniform(seed, f"training rank {rank}", shape) for rank in ranks]
    truth = [integers(seed, f"classes rank {rank}", (STEPS, PART)) % CLASSES for rank in ranks]
    start = uniform(seed, "training weight", (FEATURES, CLASSES), 0.25)
    return Task(np.concatenate(seen, axis=1), np.concatenate(truth, axis=1), start)


def record_training(answers: Answers, record: Recorder) -> None:
    """Record the weights that each rank ends with; they must be the same ones."""
    first = answers.of(WEIGHTS, 0)
    record.tensor("weight", "weights after data-parallel training", first, STEPS)
    apart = [rank for rank in range(answers.world) if not np.array_equal(answers.of(WEIGHTS, rank), first)]
    detail = f"other than rank 0's: {', '.join(f'rank {one}' for one in apart)}" if apart else f"{answers.world} ranks"
    record.invariant("data-parallel training leaves all ranks with the same weights", not apart, detail)
    losses = np.mean([answers.of(LOSSES, rank) for rank in range(answers.world)], axis=0)
    record.tensor("weight", "loss over all ranks", losses, STEPS)
