"""The frame in TensorFlow: a Keras model, loss and optimiser, the step compiled by `tf.function`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.common.tensorflow import array, dtype, precise
from checks.descent import BETAS, MOMENTUM, UNSEEN

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Inputs, Weights

Array = np.ndarray[Any, Any]
Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
_THEIRS = {"kernel": "kernel", "bias": "bias", "scale": "gamma", "shift": "beta", "table": "embeddings"}


class Training:
    """A model, whose layers or attributes have the names that weights have, a loss and an optimiser."""

    def __init__(
        self, net: keras.Model, loss: Loss, optimiser: keras.Optimizer, weights: Weights, job: Job, *sample: Array
    ) -> None:
        self.dtype, self.net, self.loss, self.optimiser = dtype(job), net, loss, optimiser
        self.net(*self.given(sample))  # Keras makes the weights on the first call
        self.variables = {name: _variable(net, name) for name in weights}
        self.optimiser.build(list(self.variables.values()))
        self.load(weights)

    def load(self, weights: Weights) -> None:
        for name, variable in self.variables.items():
            variable.assign(weights[name])
        forget(self.optimiser)

    def output(self, *inputs: Array) -> Array:
        return array(self._forward(*self.given(inputs)))

    def gradients(self, inputs: Inputs, truth: Array) -> tuple[float, dict[str, Array]]:
        loss, gradients = self._gradients(*self.given((*inputs, truth)))
        return float(loss), {name: array(one) for name, one in zip(self.variables, gradients, strict=True)}

    def step(self, inputs: Inputs, truth: Array) -> float:
        return float(self._step(*self.given((*inputs, truth))))

    def weights(self) -> dict[str, Array]:
        return {name: array(variable) for name, variable in self.variables.items()}

    def given(self, arrays: Inputs) -> list[tf.Tensor]:
        """Return tensors, numbers in the type that is computed in."""
        return [tf.constant(one, self.dtype if one.dtype.kind == "f" else None) for one in arrays]

    @tf.function
    def _forward(self, *inputs: tf.Tensor) -> tf.Tensor:
        return self.net(*inputs, training=False)

    @tf.function
    def _gradients(self, *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        return self.backward(*batch)

    @tf.function
    def _step(self, *batch: tf.Tensor) -> tf.Tensor:
        loss, gradients = self.backward(*batch)
        self.optimiser.apply_gradients(zip(gradients, self.variables.values(), strict=True))
        return loss

    def backward(self, *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Return the loss of one batch, inputs and then the truth, and its gradients."""
        *inputs, truth = batch
        with tf.GradientTape() as tape:
            loss = self.loss(truth, self.net(*inputs, training=True))
        return loss, tape.gradient(loss, list(self.variables.values()))


def forget(optimiser: keras.Optimizer) -> None:
    """Leave an optimiser with its learning rate alone, as if it had made no step."""
    for memory in optimiser.variables:
        if memory is not optimiser.learning_rate:
            memory.assign(tf.zeros_like(memory))


def _variable(net: keras.Model, name: str) -> Any:
    layer, _, what = name.rpartition(".")
    owner = net.get_layer(layer) if isinstance(net, keras.Sequential) else getattr(net, layer)
    return getattr(owner, _THEIRS[what])


def squared_error(job: Job) -> Loss:
    """Return the mean of (output - truth)²."""
    return keras.losses.MeanSquaredError(**precise(job))


def logistic_loss(job: Job) -> Loss:
    """Return the binary cross-entropy from scores, mean over the rows."""
    return keras.losses.BinaryCrossentropy(from_logits=True, **precise(job))


def cross_entropy(job: Job) -> Loss:
    """Return the cross-entropy from scores, mean over the rows."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, **precise(job))


def gradient_descent(rate: float) -> keras.Optimizer:
    """Return w ← w - ηg."""
    return keras.optimizers.SGD(rate)


def momentum(rate: float) -> keras.Optimizer:
    """Return v ← μv + g, w ← w - ηv."""
    return keras.optimizers.SGD(rate, momentum=MOMENTUM)


def adam(rate: float, first: float = BETAS[0]) -> keras.Optimizer:
    """Return Adam with β₁ = `first` and an ε too small to be seen."""
    return keras.optimizers.Adam(rate, first, BETAS[1], epsilon=UNSEEN)
