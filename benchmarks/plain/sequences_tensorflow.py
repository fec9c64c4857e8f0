"""Names in buckets of like length by `tf.data`, under a GRU, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from benchmarks.plain import gru_tensorflow


def trainer(letters: int, languages: int, names: Any, boundaries: tuple[int, ...], size: int) -> Callable[..., float]:
    train = gru_tensorflow.trainer(letters, languages)
    rows = tf.RaggedTensor.from_tensor(names[0], lengths=names[1])
    lengths, truth = tf.constant(names[1]), tf.constant(names[2])

    def epoch(order: Any) -> float:
        places = tf.data.Dataset.from_tensor_slices(order)
        items = places.map(lambda place: (rows[place], lengths[place], truth[place]))
        sizes = [size] * (len(boundaries) + 1)
        batches = items.bucket_by_sequence_length(lambda name, *_: tf.shape(name)[0], boundaries, sizes)
        full = (batch for batch in batches.prefetch(tf.data.AUTOTUNE).as_numpy_iterator() if len(batch[0]) == size)
        return sum(train(*batch) for batch in full)

    return epoch
