"""The parts in Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np

from checks.descent.tensorflow import Training, adam, gradient_descent, logistic_loss, momentum, squared_error
from checks.mlp import HIDDEN
from checks.mlp import OPTIMISERS as RATES

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights


def line() -> keras.Model:
    """Return x W + b."""
    return keras.Sequential([keras.layers.Dense(1, name="output")])


def network() -> keras.Model:
    """Return tanh(x W + b) V + c."""
    hidden = keras.layers.Dense(HIDDEN, activation="tanh", name="hidden")
    return keras.Sequential([hidden, keras.layers.Dense(1, name="output")])


MODELS = {"line": line, "network": network}
LOSSES = {"cross-entropy": logistic_loss, "squared error": squared_error}
OPTIMISERS = {"gradient descent": gradient_descent, "momentum": momentum, "adam": adam}


def training(model: str, loss: str, optimiser: str, weights: Weights, job: Job) -> Training:
    """Return the frame with the three parts of these names."""
    rate = RATES[optimiser]
    return Training(MODELS[model](), LOSSES[loss](job), OPTIMISERS[optimiser](rate), weights, job, np.ones((1, 2)))
