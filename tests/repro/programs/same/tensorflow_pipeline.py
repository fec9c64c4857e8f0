"""Reads, shuffles with a seed and trains in a tf.function; writes summaries and a checkpoint."""

import numpy as np
import tensorflow as tf

tf.random.set_seed(1)
data = tf.data.Dataset.from_tensor_slices(np.arange(64, dtype=np.float32)).shuffle(64, seed=1).batch(8).prefetch(2)
weight, writer = tf.Variable(0.0), tf.summary.create_file_writer("logs")


@tf.function
def step(batch: tf.Tensor) -> tf.Tensor:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((weight * batch - 2 * batch) ** 2)
    weight.assign_sub(1e-4 * tape.gradient(loss, weight))
    return loss


with writer.as_default():
    for number, batch in enumerate(data):
        tf.summary.write("loss", step(batch), step=number)
tf.train.Checkpoint(weight=weight).write("checkpoint/last")
