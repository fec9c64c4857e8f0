"""The writer, the judge and the crowd in TensorFlow: Keras layers, a cache of keys and values, `tf.math.top_k`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.common.tensorflow import array, dtype
from checks.generate import HEAD_RATE, HEADS, LEARNING_RATE, MOMENTUM, WIDTH

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.generate import Kind, Weights
    from checks.transformer.text import Batch, Integers

Array = np.ndarray[Any, Any]
Cache = tuple[tf.Tensor, tf.Tensor]


class Net(keras.Model):
    """Letters to scores; with a cache, one more letter of each reply."""

    def __init__(self, letters: int, places: int, kind: str) -> None:
        super().__init__(dtype=kind)
        self.letters = keras.layers.Embedding(letters, WIDTH, dtype=kind)
        self.places = keras.layers.Embedding(places, WIDTH, dtype=kind)
        self.parts = [keras.layers.Dense(WIDTH, use_bias=False, dtype=kind) for _ in range(3)]
        self.mixed = keras.layers.Dense(WIDTH, use_bias=False, dtype=kind)
        self.scores = keras.layers.Dense(letters, dtype=kind)

    def hidden(self, letters: tf.Tensor, cache: Cache | None = None) -> tuple[tf.Tensor, Cache]:
        count, seen = tf.shape(letters)[1], 0 if cache is None else tf.shape(cache[0])[2]
        x = self.letters(letters) + self.places(tf.range(seen, seen + count))
        q, k, v = (_cut(part(x)) for part in self.parts)
        if cache is not None:
            k, v = tf.concat([cache[0], k], axis=2), tf.concat([cache[1], v], axis=2)
        weights = tf.matmul(q, k, transpose_b=True) / tf.sqrt(tf.cast(q.shape[-1], q.dtype))
        if cache is None:
            past = tf.linalg.band_part(tf.ones((count, count), tf.bool), -1, 0)
            weights = tf.where(past, weights, weights.dtype.min)
        found = tf.transpose(tf.matmul(tf.nn.softmax(weights), v), (0, 2, 1, 3))
        return x + self.mixed(tf.reshape(found, tf.shape(x))), (k, v)

    def call(self, letters: tf.Tensor) -> tf.Tensor:
        return self.scores(self.hidden(letters)[0])


def _cut(x: tf.Tensor) -> tf.Tensor:
    """Return (n, t, d) as heads (n, h, t, d / h)."""
    shape = tf.shape(x)
    return tf.transpose(tf.reshape(x, (shape[0], shape[1], HEADS, WIDTH // HEADS)), (0, 2, 1, 3))


class Writer:
    """The writer with its optimiser and cache, in the check's terms."""

    def __init__(self, weights: Weights, job: Job, *, wide: bool) -> None:
        kind = "float64" if wide else dtype(job).name
        self.net = Net(len(weights["letters"]), len(weights["places"]), kind)
        self.net(tf.ones((1, 1), tf.int64))  # Keras makes the weights on the first call
        self.net.letters.set_weights([weights["letters"]])
        self.net.places.set_weights([weights["places"]])
        for part, weight in zip(self.net.parts, weights["attention.input"], strict=True):
            part.set_weights([weight.T])
        self.net.mixed.set_weights([weights["attention.output"].T])
        self.net.scores.set_weights([weights["output.weight"].T, weights["output.bias"]])
        self.loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=kind)
        self.optimiser = keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM)
        self.optimiser.build(self.net.trainable_variables)
        self.cache: Cache | None = None

    def hidden(self, letters: Integers) -> Array:
        return array(self.net.hidden(tf.constant(letters))[0])

    def scores(self, letters: Integers) -> Array:
        return array(self.net(tf.constant(letters)))

    def gradients(self, batch: Batch) -> tuple[float, dict[str, Array]]:
        loss, gradients = self._backward(tf.constant(batch.letters), tf.constant(batch.targets))
        return float(loss), self._ours([array(one) for one in gradients])

    def step(self, batch: Batch) -> float:
        return float(self._step(tf.constant(batch.letters), tf.constant(batch.targets)))

    def weights(self) -> dict[str, Array]:
        return self._ours([array(one) for one in self.net.trainable_variables])

    def begin(self) -> None:
        self.cache = None

    def next(self, letters: Integers) -> Array:
        scores, self.cache = self._next(tf.constant(letters)[:, None], self.cache)
        return array(scores)

    def reorder(self, rows: Integers) -> None:
        assert self.cache is not None
        keys, values = self.cache
        self.cache = tf.gather(keys, rows), tf.gather(values, rows)

    @tf.function(reduce_retracing=True)
    def _next(self, letters: tf.Tensor, cache: Cache | None) -> tuple[tf.Tensor, Cache]:
        hidden, cache = self.net.hidden(letters, cache)
        return self.net.scores(hidden[:, -1]), cache

    @tf.function(reduce_retracing=True)
    def _step(self, letters: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        loss, gradients = self._backward(letters, targets)
        self.optimiser.apply(gradients)
        return loss

    def _backward(self, letters: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        asked = tf.not_equal(targets, 0)
        with tf.GradientTape() as tape:
            loss = self.loss(tf.boolean_mask(targets, asked), tf.boolean_mask(self.net(letters), asked))
        return loss, [tf.convert_to_tensor(one) for one in tape.gradient(loss, self.net.trainable_variables)]

    def _ours(self, theirs: list[Array]) -> dict[str, Array]:
        """Return Keras's list, in the order of the layers, under the check's names with the outputs first."""
        letters, places, q, k, v, mixed, output, bias = theirs
        return {
            "letters": letters,
            "places": places,
            "attention.input": np.stack([q.T, k.T, v.T]),
            "attention.output": mixed.T,
            "output.weight": output.T,
            "output.bias": bias,
        }


class Head:
    """A linear layer with `BinaryCrossentropy` or `MeanSquaredError`."""

    def __init__(self, kind: Kind, job: Job) -> None:  # noqa: ARG002 - every backend gets the job
        self.layer = keras.layers.Dense(1, kernel_initializer="zeros", dtype="float64")
        self.layer.build((None, WIDTH))
        logistic = keras.losses.BinaryCrossentropy(from_logits=True, dtype="float64")
        self.loss = logistic if kind == "judge" else keras.losses.MeanSquaredError(dtype="float64")
        self.optimiser = keras.optimizers.SGD(HEAD_RATE[kind])
        self.optimiser.build(self.layer.trainable_variables)

    def step(self, features: Array, targets: Array) -> float:
        return float(self._step(tf.constant(features), tf.constant(targets)))

    def scores(self, features: Array) -> Array:
        return array(self.layer(tf.constant(features))[:, 0])

    @tf.function
    def _step(self, features: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            # a row of one number each: Keras takes the mean over the last axis first
            loss = self.loss(targets[:, None], self.layer(features))
        self.optimiser.apply(tape.gradient(loss, self.layer.trainable_variables))
        return loss


def allowed(scores: Array, count: int, mass: float, job: Job) -> Array:  # noqa: ARG001 - every backend gets the job
    """Return what is among the best and has the mass; of equal ones `top_k` takes the lower first."""
    ordered, order = tf.math.top_k(tf.constant(scores), scores.shape[1])
    shares = tf.nn.softmax(ordered)
    kept = (tf.cumsum(shares, axis=1, exclusive=True) < mass - 1e-9) & (tf.range(scores.shape[1]) < count)
    back = tf.argsort(order, axis=1)  # the place of each letter in the order
    return array(tf.gather(kept, back, batch_dims=1))


def drawn(scores: Array, allowed: Array, numbers: Array, job: Job) -> Array:  # noqa: ARG001 - as above
    """Return the letters by the inverse of the cumulated probabilities."""
    masked = tf.where(allowed, scores, tf.constant(-np.inf, tf.float64))
    cumulated = tf.cumsum(tf.nn.softmax(masked), axis=1)
    wanted = numbers[:, None] * cumulated[:, -1:]
    return array(tf.searchsorted(cumulated, wanted, side="right", out_type=tf.int64))[:, 0]
