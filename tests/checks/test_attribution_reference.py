"""The reference of `attribution`, against finite differences and a function whose integral is known."""

from __future__ import annotations

import numpy as np
import pytest

from checks.attribution import ask, draw_weights, midpoints
from checks.attribution.reference import Model
from tests.checks.one_job import JOB


def test_one_point_is_the_gradient_at_the_middle() -> None:
    asked, model = ask(0), Model(draw_weights(0), JOB)
    found = model.attributions(asked, 1)
    for row, pixel in ((0, 3), (5, 60)):
        either = []
        for step in (1e-6, -1e-6):
            middle = asked.pictures / 2
            middle[row, pixel] += step
            either.append(model.scores(middle)[row, asked.classes[row]])
        slope = (either[0] - either[1]) / 2e-6
        assert found[row, pixel] == pytest.approx(asked.pictures[row, pixel] * slope, rel=1e-6)


def test_attributions_add_up_to_the_rise_of_the_score() -> None:
    asked, model = ask(1), Model(draw_weights(1), JOB)
    rows = np.arange(len(asked.classes))
    rise = (model.scores(asked.pictures) - model.scores(asked.baseline))[rows, asked.classes]
    np.testing.assert_allclose(model.attributions(asked, 256).sum(axis=1), rise, atol=1e-5)


def test_the_midpoints_are_the_middle_of_their_steps() -> None:
    assert midpoints(4).tolist() == [0.125, 0.375, 0.625, 0.875]
