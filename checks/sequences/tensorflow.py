"""`tf.data` over names: ragged rows, `padded_batch`, `bucket_by_sequence_length`, parallel calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

from checks.common.tensorflow import array
from checks.gru import BATCH
from checks.gru.tensorflow import Model as Model  # noqa: PLC0414 - a part of the backend
from checks.sequences import BOUNDARIES, Loaded

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.gru.names import Batch
    from checks.sequences import Integers, Names


def padded(names: Names, order: Integers, workers: int, job: Job) -> list[Loaded]:  # noqa: ARG001 - on the host
    """Deliver names as they come."""
    return _load(_items(names, order, workers).padded_batch(BATCH))


def bucketed(names: Names, order: Integers, workers: int, job: Job) -> list[Loaded]:  # noqa: ARG001
    """Deliver names by length."""
    sizes = [BATCH] * (len(BOUNDARIES) + 1)
    items = _items(names, order, workers)
    return _load(items.bucket_by_sequence_length(lambda *item: tf.shape(item[1])[0], BOUNDARIES, sizes))


def packed(batch: Batch, job: Job) -> tuple[Integers, Integers]:  # noqa: ARG001
    """Pack a batch, and unpack it."""
    tight = tf.RaggedTensor.from_tensor(batch.letters, lengths=batch.lengths)
    return array(tight.flat_values), array(tight.to_tensor())


def _items(names: Names, order: Integers, workers: int) -> tf.data.Dataset:
    """Return place, letters, length and language of one name after another."""
    rows = tf.RaggedTensor.from_tensor(names.letters, lengths=names.lengths)
    lengths, languages = tf.constant(names.lengths), tf.constant(names.languages)
    return tf.data.Dataset.from_tensor_slices(order).map(
        lambda place: (place, rows[place], lengths[place], languages[place]),
        num_parallel_calls=workers or None,
        deterministic=True,
    )


def _load(batches: tf.data.Dataset) -> list[Loaded]:
    return [Loaded(*batch) for batch in batches.prefetch(2).as_numpy_iterator()]
