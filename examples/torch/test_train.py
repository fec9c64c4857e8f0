"""The same as a test: it is run here, then in two fresh processes, which have to return the same weights."""

import pytest
from train import train


@pytest.mark.reproducible
def test_training_repeats():
    """Return what has to be the same."""
    model, _ = train(epochs=2)
    return model
