"""Both networks in Keras: two models, two optimisers, a tape for the weights of the one that moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from checks.common.tensorflow import array, dtype, precise
from checks.descent.tensorflow import adam, forget, logistic_loss
from checks.gan import BETA, HIDDEN, NOISE, RATES

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights

Array = np.ndarray[Any, Any]
INPUTS = {"generator": NOISE, "discriminator": 1}


class Gan:
    """Generator and discriminator, each with its optimiser."""

    def __init__(self, weights: Weights, job: Job) -> None:
        self.dtype, self.loss = dtype(job), logistic_loss(job)
        self.nets = {name: network(inputs, job) for name, inputs in INPUTS.items()}
        self.optimisers = {name: adam(rate, BETA) for name, rate in RATES.items()}
        for name, optimiser in self.optimisers.items():
            optimiser.build(self.nets[name].trainable_variables)
        self.load(weights)

    def load(self, weights: Weights) -> None:
        for name, variable in self.variables().items():
            variable.assign(weights[name])
        for optimiser in self.optimisers.values():
            forget(optimiser)

    def make(self, noise: Array) -> Array:
        return array(self.run("generator", self.given(noise)))

    def score(self, numbers: Array) -> Array:
        return array(self.run("discriminator", self.given(numbers)))

    def gradients(self, real: Array, noise: Array) -> tuple[dict[str, float], dict[str, Array]]:
        there = self.given(noise)
        apart = self.apart(self.given(real), self.nets["generator"](there))
        deceived = self.deceived(there)
        found = dict(zip(self.variables(), [*deceived[1], *apart[1]], strict=True))
        losses = {"discriminator": float(apart[0]), "generator": float(deceived[0])}
        return losses, {name: array(gradient) for name, gradient in found.items()}

    def teach(self, real: Array, made: Array) -> float:
        return float(self.judge(self.given(real), self.given(made)))

    def discriminate(self, real: Array, noise: Array) -> float:
        return float(self.judge_made(self.given(real), self.given(noise)))

    def deceive(self, noise: Array) -> float:
        return float(self.cheat(self.given(noise)))

    def weights(self) -> dict[str, Array]:
        return {name: array(variable) for name, variable in self.variables().items()}

    @tf.function
    def run(self, name: str, numbers: tf.Tensor) -> tf.Tensor:
        """Return what one network gives."""
        return self.nets[name](numbers)

    @tf.function
    def judge(self, real: tf.Tensor, made: tf.Tensor) -> tf.Tensor:
        """Make a step of the discriminator."""
        loss, gradients = self.apart(real, made)
        self.optimisers["discriminator"].apply(gradients)
        return loss

    @tf.function
    def judge_made(self, real: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Make a step of the discriminator on what the generator makes."""
        return self.judge(real, self.nets["generator"](noise))

    @tf.function
    def cheat(self, noise: tf.Tensor) -> tf.Tensor:
        """Make a step of the generator."""
        loss, gradients = self.deceived(noise)
        self.optimisers["generator"].apply(gradients)
        return loss

    def apart(self, real: tf.Tensor, made: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Return the discriminator's loss and its gradients."""
        net = self.nets["discriminator"]
        with tf.GradientTape() as tape:
            right, wrong = net(real), net(made)
            loss = self.loss(tf.ones_like(right), right) + self.loss(tf.zeros_like(wrong), wrong)
        return loss, tape.gradient(loss, net.trainable_variables)

    def deceived(self, noise: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Return the generator's loss and its gradients."""
        net = self.nets["generator"]
        with tf.GradientTape() as tape:
            scores = self.nets["discriminator"](net(noise))
            loss = self.loss(tf.ones_like(scores), scores)
        return loss, tape.gradient(loss, net.trainable_variables)

    def variables(self) -> dict[str, Any]:
        """Return the weights of both networks by name."""
        return {
            f"{name}.{layer}.{what}": getattr(self.nets[name].get_layer(layer), what)
            for name in ("generator", "discriminator")
            for layer in ("hidden", "output")
            for what in ("kernel", "bias")
        }

    def given(self, numbers: Array) -> tf.Tensor:
        """Return a tensor."""
        return tf.constant(numbers, self.dtype)


def network(inputs: int, job: Job) -> keras.Model:
    """Return linear, tanh, linear."""
    hidden = keras.layers.Dense(HIDDEN, activation="tanh", name="hidden")
    return keras.Sequential(
        [keras.layers.Input((inputs,), **precise(job)), hidden, keras.layers.Dense(1, name="output")]
    )
