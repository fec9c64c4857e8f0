"""Integrated gradients of a small classifier in TensorFlow, as a user would write them down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


def explainer(pixels: int, hidden: int, classes: int, points: int) -> Callable[..., Any]:
    layers = [keras.layers.Dense(hidden, activation="tanh"), keras.layers.Dense(classes)]
    net = keras.Sequential([keras.layers.Input((pixels,)), *layers])
    places = (tf.range(points, dtype=tf.float32) + 0.5) / points

    @tf.function
    def integrate(pictures: tf.Tensor, baseline: tf.Tensor, asked: tf.Tensor) -> tf.Tensor:
        steps = tf.reshape(baseline + places[:, None, None] * (pictures - baseline), (-1, pixels))
        with tf.GradientTape() as tape:
            tape.watch(steps)
            scores = tf.gather(net(steps), tf.tile(asked, [points]), batch_dims=1)
        slopes = tf.reshape(tape.gradient(scores, steps), (points, -1, pixels))
        return (pictures - baseline) * tf.reduce_mean(slopes, axis=0)

    def explain(pictures: Any, baseline: Any, asked: Any) -> Any:
        return integrate(tf.cast(pictures, tf.float32), tf.cast(baseline, tf.float32), tf.constant(asked)).numpy()

    return explain
