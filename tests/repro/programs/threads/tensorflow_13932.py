"""A random operation inside a parallel map: its calls race for the generator's state. Depends on: kernels

Source: https://github.com/tensorflow/tensorflow/issues/13932 (read 2026-11-30): num_parallel_calls=1, or drawing in a
map of its own, settles it; since TensorFlow 2.8 enable_op_determinism() does.
"""

import numpy as np
import tensorflow as tf

np.random.seed(42)
tf.random.set_seed(42)
images = np.random.rand(400, 16, 16, 3).astype(np.float32)
dataset = tf.data.Dataset.from_tensor_slices(images).map(
    lambda image: tf.image.random_hue(image, 0.04), num_parallel_calls=8
)
np.save("hues.npy", np.stack([image.numpy().mean() for image in dataset]))
