"""The GRU classifier in TensorFlow: masked sequences through `keras.layers.GRU`, a compiled step, `SGD`.

Every argument of the GRU layer keeps the default that cuDNN's kernel needs (tanh, sigmoid, bias, reset_after, no
recurrent dropout); names are padded on the right, as it also needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.common.tensorflow import array, precise, scaled
from checks.gru import BATCH, LEARNING_RATE, MOMENTUM

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.gru import Weights
    from checks.gru.names import Batch

Array = np.ndarray[Any, Any]

_LETTERS = tf.TensorSpec([None, None], tf.int64)
_LANGUAGES = tf.TensorSpec([None], tf.int64)
_PART = tf.TensorSpec([], tf.float32)


class Classifier(keras.Model):
    """Names to scores per language."""

    def __init__(self, letters: int, embedding: int, hidden: int, languages: int) -> None:
        super().__init__()
        self.embedding = keras.layers.Embedding(letters, embedding, mask_zero=True)
        self.gru = keras.layers.GRU(hidden)
        self.scores = keras.layers.Dense(languages)

    def encode(self, letters: tf.Tensor) -> tf.Tensor:
        """Return the state after each name's last letter; the embedding's mask keeps padding out."""
        return self.gru(self.embedding(letters))

    def call(self, letters: tf.Tensor) -> tf.Tensor:
        return self.scores(self.encode(letters))


class Model:
    """The classifier with its optimiser, in the check's terms."""

    def __init__(self, weights: Weights, job: Job) -> None:
        (letters, embedding), (languages, hidden) = weights["embedding"].shape, weights["output.weight"].shape
        self.net = Classifier(letters, embedding, hidden, languages)
        self.net(tf.ones((1, 1), tf.int64))  # Keras makes the weights on the first call
        self.loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, **precise(job))
        self.optimiser = scaled(keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM), job)
        self.optimiser.build(self.net.trainable_variables)
        self._step.get_concrete_function(tf.TensorSpec([BATCH, None], tf.int64), tf.TensorSpec([BATCH], tf.int64))
        self.load(weights)

    def load(self, weights: Weights) -> None:
        self.net.embedding.set_weights([weights["embedding"]])
        self.net.gru.set_weights(_gru_to_keras(weights))
        self.net.scores.set_weights([weights["output.weight"].T, weights["output.bias"]])
        inner = getattr(self.optimiser, "inner_optimizer", self.optimiser)
        for momentum in inner.variables[2:]:  # the first two are its step counter and learning rate
            momentum.assign(tf.zeros_like(momentum))

    def state(self, batch: Batch) -> Array:
        return array(self._encode(batch.letters))

    def looped(self, batch: Batch) -> Array:
        state = tf.zeros((len(batch.letters), self.net.gru.units), self.net.gru.compute_dtype)
        for place, letter in enumerate(tf.unstack(self.net.embedding(batch.letters), axis=1)):
            _, (after,) = self.net.gru.cell(letter, [state])
            state = tf.where((place < batch.lengths)[:, None], after, state)
        return array(state)

    def logits(self, batch: Batch) -> Array:
        return array(self._forward(batch.letters))

    def gradients(self, batch: Batch, part: float = 1.0) -> tuple[float, dict[str, Array]]:
        loss, gradients = self._gradients(batch.letters, batch.languages, part)
        return float(loss), _canonical([array(gradient) for gradient in gradients])

    def step(self, batch: Batch) -> float:
        return float(self._step(batch.letters, batch.languages))

    def weights(self) -> dict[str, Array]:
        return _canonical([array(variable) for variable in self.net.trainable_variables])

    @tf.function(input_signature=[_LETTERS])
    def _encode(self, letters: tf.Tensor) -> tf.Tensor:
        return self.net.encode(letters)

    @tf.function(input_signature=[_LETTERS])
    def _forward(self, letters: tf.Tensor) -> tf.Tensor:
        return self.net(letters)

    @tf.function(input_signature=[_LETTERS, _LANGUAGES, _PART])
    def _gradients(
        self, letters: tf.Tensor, languages: tf.Tensor, part: tf.Tensor
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        loss, gradients = self._backward(letters, languages, part)
        scale = self.optimiser.scale_loss(tf.ones((), loss.dtype))
        return loss, [tf.convert_to_tensor(gradient) / scale for gradient in gradients]

    @tf.function
    def _step(self, letters: tf.Tensor, languages: tf.Tensor) -> tf.Tensor:
        loss, gradients = self._backward(letters, languages)
        self.optimiser.apply(gradients)
        return loss

    def _backward(
        self, letters: tf.Tensor, languages: tf.Tensor, part: tf.Tensor | float = 1.0
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Return the loss and the gradients of this `part` of it, still as large as the optimiser scales them."""
        with tf.GradientTape() as tape:
            loss = self.loss(languages, self.net(letters))
            scaled_loss = self.optimiser.scale_loss(tf.cast(part, loss.dtype) * loss)
        return loss, tape.gradient(scaled_loss, self.net.trainable_variables)


# Keras orders the gates update, reset, candidate, side by side; exchanging the first two is its own inverse
_GATES = [1, 0, 2]


def _gru_to_keras(weights: Weights) -> list[Array]:
    """Return kernel (16, 3·64), recurrent kernel (64, 3·64) and both biases (2, 3·64)."""
    kernel, recurrent = (
        weights[name][_GATES].transpose(2, 0, 1).reshape(weights[name].shape[2], -1)
        for name in ("gru.input", "gru.recurrent")
    )
    biases = [weights[name][_GATES].reshape(-1) for name in ("gru.input_bias", "gru.recurrent_bias")]
    return [kernel, recurrent, np.stack(biases)]


def _canonical(theirs: list[Array]) -> dict[str, Array]:
    """Return Keras's list (embedding, kernel, recurrent, biases, output, bias) under the check's names and layout."""
    embedding, kernel, recurrent, biases, output, output_bias = theirs
    inputs, recurrents = (table.reshape(len(table), 3, -1).transpose(1, 2, 0)[_GATES] for table in (kernel, recurrent))
    input_bias, recurrent_bias = biases.reshape(2, 3, -1)[:, _GATES]
    return {
        "embedding": embedding,
        "gru.input": inputs,
        "gru.recurrent": recurrents,
        "gru.input_bias": input_bias,
        "gru.recurrent_bias": recurrent_bias,
        "output.weight": output.T,
        "output.bias": output_bias,
    }
