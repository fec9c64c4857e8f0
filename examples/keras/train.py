"""Train a GRU to continue the Zen of Python, character by character, with Keras."""

import codecs
import contextlib
import io
import json

import keras

with contextlib.redirect_stdout(io.StringIO()):  # it prints itself when it is imported
    import this

SEED = 0
WINDOW = 24
EPOCHS = 5


def windows():
    """Return batches of texts of 24 characters with the character that follows each, and the alphabet."""
    text = codecs.decode(this.s, "rot13").lower()
    alphabet = sorted(set(text))
    numbers = [alphabet.index(letter) for letter in text]
    data = keras.utils.timeseries_dataset_from_array(
        numbers[:-WINDOW], numbers[WINDOW:], WINDOW, batch_size=32, shuffle=True, seed=SEED
    )
    return data, alphabet


def main():
    """Train, and save the weights and the losses."""
    keras.utils.set_random_seed(SEED)
    data, alphabet = windows()
    model = keras.Sequential(
        [keras.layers.Embedding(len(alphabet), 16), keras.layers.GRU(32), keras.layers.Dense(len(alphabet))]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    past = model.fit(data, epochs=EPOCHS, shuffle=False, verbose=0)  # the data shuffles itself
    model.save_weights("model.weights.h5")
    with open("metrics.json", "w") as file:
        json.dump({"loss": past.history["loss"]}, file)


if __name__ == "__main__":
    main()
