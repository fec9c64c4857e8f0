"""The reference of `inpaint`: gradients, masks, scenes and views."""

from __future__ import annotations

import numpy as np

from checks.inpaint import draw_weights
from checks.inpaint.reference import Model, moved
from checks.inpaint.scene import NEAR, SIDE, SQUARE, draw_scenes
from tests.checks.differences import check_slopes
from tests.checks.one_job import JOB

WEIGHTS, PHOTO = draw_weights(0), draw_scenes(0, "first", 3)


def test_gradients_are_those_of_finite_differences() -> None:
    _, gradients = Model(WEIGHTS, JOB).gradients(PHOTO)
    check_slopes(gradients, WEIGHTS, lambda weights: Model(weights, JOB).gradients(PHOTO)[0], 1e-4)


def test_a_window_counts_what_it_knows() -> None:
    """With nine weights of 1 a layer gives nine times the mean of what is known, beside the hole as far from it."""
    plain = {name: np.zeros_like(one) for name, one in WEIGHTS.items()}
    plain["1.weight"][..., 0, 0] = 1
    plain["2.weight"][1, 1, 0, 0] = plain["3.weight"][1, 1, 0, 0] = 1 / 9
    even = PHOTO._replace(pictures=np.where(PHOTO.known > 0, 2.0, 1e6) * np.ones((1, 1, 1, 2)))
    filled = Model(plain, JOB).fill(even)[:, 1:-1, 1:-1, 0]
    np.testing.assert_allclose(filled[PHOTO.known[:, 1:-1, 1:-1, 0] > 0], 2 / 9)


def test_the_hole_shrinks_by_one_place_a_layer() -> None:
    for layer, known in enumerate(Model(WEIGHTS, JOB).known(PHOTO), start=1):
        assert ((1 - known).sum(axis=(1, 2, 3)) == max(0, SQUARE - 2 * layer) ** 2).all()


def test_scenes_are_what_they_say() -> None:
    hidden = PHOTO.known[..., 0] == 0
    assert (hidden.sum(axis=(1, 2)) == SQUARE**2).all()
    assert (PHOTO.wall[..., 1] + PHOTO.centre[..., 1] < NEAR).all()
    np.testing.assert_array_equal(PHOTO.pictures[~hidden], PHOTO.wall[~hidden])
    second = np.diff(PHOTO.wall, n=2, axis=2)
    assert np.abs(second).max() < 1e-12


def test_views_move_the_near_by_more() -> None:
    row = np.arange(float(SIDE))[None, None, :, None] * np.ones((1, 2, 1, 1))
    still = moved(row, np.full((1, 2, SIDE), 0.0), 1.0, JOB)
    np.testing.assert_array_equal(still, row)
    right = moved(row, np.full((1, 2, SIDE), 2.5), 1.0, JOB)
    np.testing.assert_allclose(right[0, 0, :, 0], np.clip(np.arange(SIDE) - 2.5, 0, SIDE - 1))
