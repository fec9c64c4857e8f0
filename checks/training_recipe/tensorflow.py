"""The classifier of pictures in TensorFlow: Keras's `Dense`, `Dropout`, `SparseCategoricalCrossentropy`, `SGD`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from checks.common.tensorflow import precise
from checks.training_recipe import LEARNING_RATE, MOMENTUM, NAMES
from checks.training_recipe.adapted import tensorflow as adapted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from checks.common.job import Job
    from checks.training_recipe import Batch, Weights


class Subject(adapted.Subject):
    """A user's model as it is; of ours, weights and gradients under the check's names and in its layout."""

    def weights(self) -> dict[str, NDArray[np.floating]]:
        return _canonical(super().weights(), self._model)

    def gradients(self, rows: NDArray[np.int64] | None = None) -> dict[str, NDArray[np.floating] | None]:
        return _canonical(super().gradients(rows), self._model)


def build(weights: Weights, batch: Batch, dropout: float, job: Job) -> object:
    """Return the model with these weights, as a user returns one."""
    hidden, pixels = weights["hidden.weight"].shape
    net = keras.Sequential(
        [
            keras.layers.Input((pixels,), **precise(job)),
            keras.layers.Dense(hidden, activation="relu", name="hidden"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(len(weights["output.bias"]), name="output"),
        ],
        name=_OURS,
    )
    net.set_weights([weight.T for weight in weights.values()])
    return {
        "model": net,
        "loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True, **precise(job)),
        "batch": (batch.inputs, batch.targets),
        "optimizer": keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM),
    }


_OURS = "lit_column"


def _canonical(theirs: dict[str, Any], model: keras.Model) -> dict[str, Any]:
    """Return Keras's list of our own model under the check's names, with the outputs first."""
    if model.name != _OURS:
        return theirs
    return dict(zip(NAMES, (array if array is None else array.T for array in theirs.values()), strict=True))
