"""What the references share, on numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from checks.common.float64_training import Momentum, cross_entropy


def test_the_loss_is_the_mean_negative_log_likelihood() -> None:
    loss, slope = cross_entropy(np.log([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]]), np.array([0, 2]))
    assert loss == pytest.approx(-(math.log(0.7) + math.log(0.5)) / 2)
    np.testing.assert_allclose(slope, [[-0.15, 0.1, 0.05], [0.125, 0.125, -0.25]])


def test_momentum_keeps_its_velocity_and_leaves_the_start_alone() -> None:
    start = {"w": np.array([1.0])}
    optimiser = Momentum(start, rate=0.5, momentum=0.75)
    for gradient in (1.0, 2.0):
        optimiser.step({"w": np.array([gradient])})
    # velocities 1 and 0.75 + 2
    np.testing.assert_array_equal(optimiser.weights["w"], 1 - 0.5 * (1 + 2.75))
    np.testing.assert_array_equal(start["w"], 1)
