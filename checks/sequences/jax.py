"""Batches for JAX, which has no loader: padded in NumPy by threads that work ahead, and put on the device."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from checks.common.jax import array
from checks.gru import BATCH
from checks.gru.jax import Model as Model  # noqa: PLC0414 - a part of the backend
from checks.sequences import BOUNDARIES, Loaded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checks.common.job import Job
    from checks.gru.names import Batch
    from checks.sequences import Integers, Names


def padded(names: Names, order: Integers, workers: int, job: Job) -> list[Loaded]:  # noqa: ARG001
    """Deliver names as they come."""
    return _load(names, np.split(order, range(BATCH, len(order), BATCH)), workers)


def bucketed(names: Names, order: Integers, workers: int, job: Job) -> list[Loaded]:  # noqa: ARG001
    """Deliver names by length."""
    waiting: dict[int, list[int]] = {number: [] for number in range(len(BOUNDARIES) + 1)}
    batches = []
    for place, number in zip(order.tolist(), np.digitize(names.lengths[order], BOUNDARIES).tolist(), strict=True):
        waiting[number].append(place)
        if len(waiting[number]) == BATCH:
            batches.append(waiting[number])
            waiting[number] = []
    return _load(names, [*batches, *filter(None, waiting.values())], workers)


def packed(batch: Batch, job: Job) -> tuple[Integers, Integers]:  # noqa: ARG001
    """Pack names end to end, with the row and the column of each letter beside them."""
    rows = np.repeat(np.arange(len(batch.lengths)), batch.lengths)
    columns = np.concatenate([np.arange(length) for length in batch.lengths])
    tight = jnp.asarray(batch.letters, jnp.int32)[rows, columns]
    again = jnp.zeros(batch.letters.shape, tight.dtype).at[rows, columns].set(tight)
    return array(tight), array(again)


def _load(names: Names, batches: Iterable[Integers | list[int]], workers: int) -> list[Loaded]:
    def collate(places: Integers | list[int]) -> Loaded:
        chosen = [names.letters[place, : names.lengths[place]] for place in places]
        lengths = np.array([len(letters) for letters in chosen])
        letters = np.zeros((len(chosen), lengths.max()), np.int64)
        for row, one in zip(letters, chosen, strict=True):
            row[: len(one)] = one
        return Loaded(np.asarray(places), letters, lengths, names.languages[np.asarray(places)])

    if not workers:
        return [_there(batch) for batch in map(collate, batches)]
    with ThreadPoolExecutor(workers) as pool:
        return [_there(batch) for batch in pool.map(collate, batches)]


def _there(batch: Loaded) -> Loaded:
    """Return a batch that has been on the device, as int32: JAX has no 64 bits unless it is asked."""
    return Loaded(*(array(part).astype(np.int64) for part in jax.device_put([one.astype(np.int32) for one in batch])))
