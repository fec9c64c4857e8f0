"""The ladder in Keras: `TextVectorization`, `tf.one_hot`, `tf.math.bincount`, `Embedding`, an attention with a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.common.tensorflow import array, dtype
from checks.descent.tensorflow import Training, adam, cross_entropy
from checks.text import PADDING, RATE, WIDTH

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights
    from checks.text import Integers

Array = np.ndarray[Any, Any]


class Dense(Training):
    """A training that adds up the slopes of a row that is looked up more than once.

    Keras 3's Adam squares them one by one (seen in 3.15.1): its second moment is then Σ g², not (Σ g)².
    """

    def backward(self, *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        loss, gradients = super().backward(*batch)
        return loss, [tf.convert_to_tensor(gradient) for gradient in gradients]


class Contextual(keras.Model):
    """Codes to scores at the places that are asked for."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.pieces = keras.layers.Embedding(size, WIDTH)
        self.query, self.value = keras.layers.Dense(WIDTH), keras.layers.Dense(WIDTH)
        self.key = keras.layers.Dense(WIDTH, use_bias=False)
        self.attention = keras.layers.Attention(use_scale=False, score_mode="dot")
        self.scores = keras.layers.Dense(size)

    def call(self, codes: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
        x = self.pieces(codes)
        query = self.query(x) * WIDTH**-0.5
        context = self.attention([query, self.value(x), self.key(x)], mask=[None, codes != PADDING])
        return self.scores(tf.gather(x + context, places, batch_dims=1))


def codes(texts: Sequence[str], pieces: Sequence[str], job: Job) -> Integers:  # noqa: ARG001 - on the host
    """Look each piece up, and pad."""
    return array(_vectorised("int", vocabulary=list(pieces))(tf.constant(texts)))


def one_hot(codes: Integers, size: int, job: Job) -> Array:
    """Return one 1 in each row."""
    return array(tf.one_hot(codes, size, dtype=dtype(job)))


def bag(codes: Integers, size: int, job: Job) -> Array:
    """Count row by row, with a weight of 0 for padding."""
    weights = tf.cast(codes != PADDING, dtype(job))
    return array(tf.math.bincount(codes, weights, minlength=size, maxlength=size, axis=-1))


def tf_idf(texts: Sequence[str], pieces: Sequence[str], job: Job) -> Array:  # noqa: ARG001
    """Let the layer learn how rare each piece is; its own vocabulary is ordered by how common it is."""
    layer = _vectorised("tf_idf")
    layer.adapt(tf.constant(texts))
    weighted, order = array(layer(tf.constant(texts))), layer.get_vocabulary(include_special_tokens=False)
    columns = np.zeros((len(texts), len(pieces)), weighted.dtype)
    columns[:, [pieces.index(piece) for piece in order]] = weighted[:, 1:]  # the first is for what is unknown
    return columns


def training(weights: Weights, codes: Integers, job: Job) -> Training:
    """Return the model under cross-entropy and Adam."""
    net = Contextual(len(weights["pieces.table"]))
    return Dense(net, cross_entropy(job), adam(RATE), weights, job, codes, codes[:, 0] * 0)


def _vectorised(mode: str, **more: Any) -> keras.layers.TextVectorization:
    return keras.layers.TextVectorization(standardize=None, split="whitespace", output_mode=mode, **more)
