"""The transformer in TensorFlow: `MultiHeadAttention`, `LayerNormalization`, a compiled step, Keras's `SGD`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.common.tensorflow import array, scaled
from checks.transformer import BLOCKS, HEADS, INNER, LEARNING_RATE, MOMENTUM
from checks.transformer.kernels.tensorflow import kernels as kernels  # noqa: PLC0414 - part of a backend
from checks.transformer.layers import EPSILON

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.transformer import Weights
    from checks.transformer.text import Batch, Integers

Array = np.ndarray[Any, Any]

_NUMBERS = tf.TensorSpec([None, None], tf.int64)


class Block(keras.layers.Layer):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention_norm = keras.layers.LayerNormalization(epsilon=EPSILON)
        self.attention = keras.layers.MultiHeadAttention(HEADS, width // HEADS)
        self.mlp_norm = keras.layers.LayerNormalization(epsilon=EPSILON)
        self.up = keras.layers.Dense(INNER, activation="gelu")
        self.down = keras.layers.Dense(width)

    def call(self, x: tf.Tensor, shown: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        """Return x after attention, and after both."""
        attended = self.attend(x, shown)
        return attended, self.think(attended)

    def attend(self, x: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
        """Attend to the keys that `mask` shows, or without one to all up to the query's own place."""
        normed = self.attention_norm(x)
        return x + self.attention(normed, normed, attention_mask=mask, use_causal_mask=mask is None)

    def think(self, x: tf.Tensor) -> tf.Tensor:
        return x + self.down(self.up(self.mlp_norm(x)))


class Transformer(keras.Model):
    """Letters to scores."""

    def __init__(self, letters: int, places: int, width: int, *, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.letters = keras.layers.Embedding(letters, width)
        self.places = keras.layers.Embedding(places, width)
        self.blocks = [Block(width) for _ in range(BLOCKS)]
        self.norm = keras.layers.LayerNormalization(epsilon=EPSILON)
        self.scores = keras.layers.Dense(letters)

    def embed(self, letters: tf.Tensor) -> tf.Tensor:
        return self.letters(letters) + self.places(tf.range(tf.shape(letters)[1]))

    def trail(self, letters: tf.Tensor, embedded: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return what each layer gives, front to back."""
        mask = None if self.causal else (letters != 0)[:, None]
        trail, x = {"embedded": embedded}, embedded
        for number, block in enumerate(self.blocks, start=1):
            trail[f"attention {number}"], x = block(x, mask)
            trail[f"mlp {number}"] = x
        trail["norm"] = self.norm(x)
        return trail | {"logits": self.scores(trail["norm"])}

    def call(self, letters: tf.Tensor) -> tf.Tensor:
        return self.trail(letters, self.embed(letters))["logits"]


class Model:
    """The transformer with its optimiser, in the check's terms."""

    def __init__(self, weights: Weights, job: Job, *, causal: bool) -> None:
        (letters, width), places = weights["letters"].shape, len(weights["places"])
        self.net = Transformer(letters, places, width, causal=causal)
        self.net(tf.ones((1, 1), tf.int64))  # Keras makes the weights on the first call
        self.loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
        self.optimiser = scaled(keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM), job)
        self.theirs = _variables(self.net)
        self.flat = [variable for variables in self.theirs.values() for variable in variables]
        self.optimiser.build(self.flat)
        self.load(weights)

    def load(self, weights: Weights) -> None:
        for name, weight in weights.items():
            theirs = self.theirs[name]
            for variable, ours in zip(theirs, weight if len(theirs) > 1 else [weight], strict=True):
                variable.assign(_turned(name, ours).reshape(variable.shape))
        inner = getattr(self.optimiser, "inner_optimizer", self.optimiser)
        for momentum in inner.variables[2:]:  # the first two are its step counter and learning rate
            momentum.assign(tf.zeros_like(momentum))
        self.shapes = {name: weight.shape for name, weight in weights.items()}

    def layers(self, letters: Integers) -> dict[str, Array]:
        numbers = tf.constant(letters)
        return {name: array(value) for name, value in self.net.trail(numbers, self.net.embed(numbers)).items()}

    def influence(self, letters: Integers, place: int) -> Array:
        numbers = tf.constant(letters)
        embedded = self.net.embed(numbers)
        with tf.GradientTape() as tape:
            tape.watch(embedded)
            scores = tf.reduce_sum(self.net.trail(numbers, embedded)["logits"][:, place])
        return array(tape.gradient(scores, embedded))

    def gradients(self, batch: Batch, part: float = 1.0) -> tuple[float, dict[str, Array]]:
        loss, gradients = self._backward(tf.constant(batch.letters), tf.constant(batch.targets), part)
        scale = float(self.optimiser.scale_loss(tf.ones((), loss.dtype)))
        return float(loss), self._canonical([array(gradient) / scale for gradient in gradients])

    def step(self, batch: Batch) -> float:
        return float(self._step(batch.letters, batch.targets))

    def weights(self) -> dict[str, Array]:
        return self._canonical([array(variable) for variable in self.flat])

    def _backward(self, letters: tf.Tensor, targets: tf.Tensor, part: float = 1.0) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Return the loss and the gradients of this `part` of it, still as large as the optimiser scales them."""
        with tf.GradientTape() as tape:
            loss = self.loss(targets, self.net(letters))
            scaled_loss = self.optimiser.scale_loss(part * loss)
        return loss, tape.gradient(scaled_loss, self.flat)

    @tf.function(input_signature=[_NUMBERS, _NUMBERS])
    def _step(self, letters: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        loss, gradients = self._backward(letters, targets)
        self.optimiser.apply(gradients, self.flat)
        return loss

    def _canonical(self, flat: list[Array]) -> dict[str, Array]:
        rest, found = iter(flat), {}
        for name, shape in self.shapes.items():
            rows = shape if len(self.theirs[name]) == 1 else shape[1:]
            parts = [_turned(name, next(rest).reshape(_turned_shape(name, rows))) for _ in self.theirs[name]]
            found[name] = np.stack(parts).reshape(shape)
        return found


def _turned(name: str, array: Array) -> Array:
    """Return a weight from (out, in) to Keras's (in, out) or back; other arrays are the same in both."""
    return array.T if name.endswith("weight") else array


def _turned_shape(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[::-1] if name.endswith("weight") else shape


def _variables(net: Transformer) -> dict[str, list[tf.Variable]]:
    """Return the check's name → Keras's variables, several where the check stacks them."""
    found = {"letters": net.letters.trainable_variables, "places": net.places.trainable_variables}
    for number, block in enumerate(net.blocks, start=1):
        attention = block.attention
        inputs = (attention.query_dense, attention.key_dense, attention.value_dense)
        found |= {
            f"{number}.attention.norm": [block.attention_norm.gamma, block.attention_norm.beta],
            f"{number}.attention.input.weight": [dense.kernel for dense in inputs],
            f"{number}.attention.input.bias": [dense.bias for dense in inputs],
            f"{number}.attention.output.weight": [attention.output_dense.kernel],
            f"{number}.attention.output.bias": [attention.output_dense.bias],
            f"{number}.mlp.norm": [block.mlp_norm.gamma, block.mlp_norm.beta],
        }
        for name, dense in (("up", block.up), ("down", block.down)):
            found |= {f"{number}.mlp.{name}.weight": [dense.kernel], f"{number}.mlp.{name}.bias": [dense.bias]}
    found["norm"] = [net.norm.gamma, net.norm.beta]
    return found | {"output.weight": [net.scores.kernel], "output.bias": [net.scores.bias]}
