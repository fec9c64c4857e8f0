"""Digits by a convolutional network in TensorFlow, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import layers


def trainer() -> Callable[..., float]:
    net = keras.Sequential([layers.Input((8, 8, 1))])
    for channels in (8, 16):
        net.add(layers.Conv2D(channels, 3, padding="same", use_bias=False))
        net.add(layers.BatchNormalization())
        net.add(layers.ReLU())
        net.add(layers.MaxPooling2D(2))
    net.add(layers.Flatten())
    net.add(layers.Dense(10))
    loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.SGD(2.0**-5, momentum=0.875)

    @tf.function
    def train(images: tf.Tensor, digits: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_function(digits, net(images, training=True))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss

    def step(images: Any, digits: Any) -> float:
        return float(train(tf.constant(images), tf.constant(digits)))

    return step
