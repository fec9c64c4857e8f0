"""Takes elements of a parallel map as they are ready. Depends on: kernels"""

import numpy as np
import tensorflow as tf

tf.random.set_seed(0)
data = tf.data.Dataset.range(64).map(
    lambda number: tf.cast(
        tf.numpy_function(lambda n: np.sort(np.random.rand(1000 * (1 + n % 7)))[0] * 0 + n, [number], tf.float64),
        tf.int64,
    ),
    num_parallel_calls=8,
    deterministic=False,
)
np.save("order.npy", np.array([int(number) for number in data]))
