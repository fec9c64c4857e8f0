"""The float64 GRU is what all else is held against, so it is held against definitions: a scalar GRU, differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

from checks import gru
from checks.common.draw import integers, permutation, uniform
from checks.gru.names import LETTERS, Batch
from checks.gru.reference import Model, sigmoid
from tests.checks.one_job import JOB


@pytest.fixture
def plan() -> gru.Plan:
    return gru.draw_plan(JOB)


def scalar_state(weights: gru.Weights, letters: list[int]) -> list[float]:
    """The GRU as Cho et al. (2014) with reset after the product, one number at a time, with nothing but math."""
    h = [0.0] * gru.HIDDEN
    for letter in letters:
        x = weights["embedding"][letter]

        def product(gate: int, unit: int) -> tuple[float, float]:
            a = sum(weights["gru.input"][gate, unit, k] * x[k] for k in range(gru.EMBEDDING))  # noqa: B023
            u = sum(weights["gru.recurrent"][gate, unit, k] * h[k] for k in range(gru.HIDDEN))  # noqa: B023
            return a + weights["gru.input_bias"][gate, unit], u + weights["gru.recurrent_bias"][gate, unit]

        new = []
        for unit in range(gru.HIDDEN):
            r = 1 / (1 + math.exp(-sum(product(0, unit))))
            z = 1 / (1 + math.exp(-sum(product(1, unit))))
            a, u = product(2, unit)
            new.append((1 - z) * math.tanh(a + r * u) + z * h[unit])
        h = new
    return h


def test_the_state_is_the_textbook_one(plan: gru.Plan) -> None:
    batch = plan.corpus.batch(plan.learned[:2])
    states = Model(plan.weights, JOB).state(batch)
    for row in range(2):
        letters = [int(letter) for letter in batch.letters[row, : batch.lengths[row]]]
        np.testing.assert_allclose(states[row], scalar_state(plan.weights, letters), rtol=0, atol=1e-13)


def test_gradients_are_the_slopes_of_the_loss(plan: gru.Plan) -> None:
    batch = plan.corpus.batch(plan.learned[:7])
    _, gradients = Model(plan.weights, JOB).gradients(batch)
    h = 2.0**-17
    for name, gradient in gradients.items():
        for place in permutation(0, name, gradient.size)[:12]:
            index = np.unravel_index(place, gradient.shape)
            losses = []
            for sign in (1, -1):
                moved = {key: weight.copy() for key, weight in plan.weights.items()}
                moved[name][index] += sign * h
                losses.append(Model(moved, JOB).gradients(batch)[0])
            slope = (losses[0] - losses[1]) / (2 * h)
            assert slope == pytest.approx(gradient[index], abs=2e-9), (name, index)


def test_padding_gets_no_gradient_and_never_moves(plan: gru.Plan) -> None:
    model = Model(plan.weights, JOB)
    _, gradients = model.gradients(plan.corpus.batch(plan.learned[:9], padding=3))
    assert np.abs(gradients["embedding"][1:]).max() > 0
    for _ in range(3):
        model.step(plan.corpus.batch(plan.learned[:9]))
    assert not model.weights()["embedding"][0].any()


def test_a_step_is_sgd_with_momentum(plan: gru.Plan) -> None:
    batch, model = plan.corpus.batch(plan.learned[:9]), Model(plan.weights, JOB)
    velocity = np.zeros_like(plan.weights["output.bias"])
    weight = plan.weights["output.bias"]
    for _ in range(3):
        velocity = 0.875 * velocity + model.gradients(batch)[1]["output.bias"]
        weight = weight - 0.25 * velocity
        model.step(batch)
    np.testing.assert_allclose(model.weights()["output.bias"], weight, rtol=1e-14)


def test_sigmoid_has_no_overflow() -> None:
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(sigmoid(np.array([-1e4, 0.0, 1e4])), [0, 0.5, 1])


def test_draws_are_exact_in_float32_and_the_same_everywhere() -> None:
    drawn = uniform(1, "weights", (1000,), 0.125)
    np.testing.assert_array_equal(drawn, drawn.astype(np.float32).astype(np.float64))
    assert -0.125 <= drawn.min() < -0.12
    assert 0.12 < drawn.max() < 0.125
    assert abs(drawn.mean()) < 0.01
    assert not np.array_equal(integers(1, "a", (9,)), integers(1, "b", (9,)))
    assert not np.array_equal(integers(1, "a", (9,)), integers(2, "a", (9,)))
    with pytest.raises(ValueError, match="power of two"):
        uniform(1, "weights", (1,), 0.3)


def test_philox_is_the_published_one() -> None:
    """The known answer of Random123 (Salmon et al. 2011) for philox4x64-10 with key 0 and counter 0.

    NumPy counts up before it draws, so the counter before 0 is given.
    """
    raw = np.random.Philox(key=0, counter=2**256 - 1).random_raw(4)
    known = ["16554d9eca36314c", "db20fe9d672d0fdc", "d7e772cee186176b", "7e68b68aec7ba23b"]
    assert [f"{int(word):016x}" for word in raw] == known


def test_a_permutation_is_one() -> None:
    assert sorted(permutation(5, "order", 100)) == list(range(100))


def test_batches_never_hold_a_name_that_is_kept_for_the_test(plan: gru.Plan) -> None:
    assert not set(plan.learned) & set(plan.kept)
    assert len(plan.learned) + len(plan.kept) == len(plan.corpus.names)
    batch: Batch = gru.batches(plan, 3, 2)[1]
    assert batch.letters.shape == (gru.BATCH, batch.lengths.max())
    assert batch.letters.max() < LETTERS
    assert ((batch.letters > 0).sum(axis=1) == batch.lengths).all()
