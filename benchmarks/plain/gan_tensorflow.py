"""Two networks against each other in TensorFlow, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


def net(inputs: int, hidden: int) -> keras.Model:
    layers = [keras.layers.Dense(hidden, activation="tanh"), keras.layers.Dense(1)]
    return keras.Sequential([keras.layers.Input((inputs,)), *layers])


def trainer(noise: int, hidden: int) -> Callable[..., float]:
    generator, discriminator = net(noise, hidden), net(1, hidden)
    loss_function = keras.losses.BinaryCrossentropy(from_logits=True)
    moving, judging = keras.optimizers.Adam(2.0**-7, beta_1=0.5), keras.optimizers.Adam(2.0**-5, beta_1=0.5)

    @tf.function
    def judge(real: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
        made = generator(drawn)
        with tf.GradientTape() as tape:
            right, wrong = discriminator(real), discriminator(made)
            loss = loss_function(tf.ones_like(right), right) + loss_function(tf.zeros_like(wrong), wrong)
        weights = discriminator.trainable_variables
        judging.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    @tf.function
    def deceive(drawn: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            scores = discriminator(generator(drawn))
            loss = loss_function(tf.ones_like(scores), scores)
        weights = generator.trainable_variables
        moving.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    def step(real: Any, one: Any, two: Any) -> float:
        return float(judge(tf.constant(real), tf.constant(one))) + float(deceive(tf.constant(two)))

    return step
