"""Fits a model with callbacks and saves it in all of Keras's formats."""

import keras
import numpy as np

keras.utils.set_random_seed(7)
x = np.random.rand(64, 4).astype(np.float32)
model = keras.Sequential([keras.layers.Dense(8, activation="tanh"), keras.layers.Dropout(0.2), keras.layers.Dense(1)])
model.compile("adam", "mse", metrics=["mae"])
model.fit(
    x,
    x.sum(1),
    epochs=2,
    batch_size=16,
    validation_split=0.25,
    verbose=2,
    callbacks=[
        keras.callbacks.CSVLogger("log.csv"),
        keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True),
    ],
)
model.save("model.keras")
model.save_weights("model.weights.h5")
