"""Initialises, shuffles and drops out as Keras does without a seed. Depends on: python-random tensorflow-random

Keras 3.15: initial weights and dropout draw their seeds from `random` (random/seed_generator.py), fit() shuffles with
tf.random.shuffle under TensorFlow (trainers/data_adapters/array_data_adapter.py). NumPy shuffles in other adapters.
"""

import keras
import numpy as np

x = np.linspace(0, 1, 64).reshape(32, 2).astype(np.float32)
model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dropout(0.2), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x, x.sum(1), epochs=1, batch_size=8, verbose=0)
model.save("model.keras")
