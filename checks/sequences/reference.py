"""The batches by the rule itself, in NumPy, and the model of `gru` in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from checks.gru import BATCH
from checks.gru.reference import Model as Model  # noqa: PLC0414 - a part of the backend
from checks.sequences import BOUNDARIES, Loaded

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.gru.names import Batch
    from checks.sequences import Integers, Names


def padded(names: Names, order: Integers, workers: int, job: Job) -> list[Loaded]:  # noqa: ARG001
    """Deliver names as they come."""
    return [_cut(names, order[first : first + BATCH]) for first in range(0, len(order), BATCH)]


def bucketed(names: Names, order: Integers, workers: int, job: Job) -> list[Loaded]:  # noqa: ARG001 - likewise
    """Deliver names by length."""
    bucket = np.searchsorted(BOUNDARIES, names.lengths[order], side="right")
    chosen: list[tuple[int, Integers]] = []
    for number in range(len(BOUNDARIES) + 1):
        (rows,) = np.nonzero(bucket == number)
        parts = [rows[first : first + BATCH] for first in range(0, len(rows), BATCH)]
        # a full bucket comes when its last name has been read, what is left after everything else
        chosen += [(part[-1] if len(part) == BATCH else len(order) + number, order[part]) for part in parts]
    return [_cut(names, places) for _, places in sorted(chosen, key=lambda one: one[0])]


def packed(batch: Batch, job: Job) -> tuple[Integers, Integers]:  # noqa: ARG001
    """Pack a batch, and unpack it."""
    there = batch.letters > 0
    again = np.zeros_like(batch.letters)
    again[there] = batch.letters[there]
    return batch.letters[there], again


def _cut(names: Names, places: Integers) -> Loaded:
    lengths = names.lengths[places]
    return Loaded(places, names.letters[places, : lengths.max()], lengths, names.languages[places])
