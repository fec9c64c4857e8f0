"""The float64 transformer is what all else is held against, so it is held against definitions and differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

from checks import transformer
from checks.common.draw import permutation
from checks.transformer.layers import attention, gelu, layer_norm, normal
from checks.transformer.reference import Model
from checks.transformer.text import Batch
from tests.checks.one_job import JOB


@pytest.fixture
def plan() -> transformer.Plan:
    return transformer.draw_plan(3)


@pytest.mark.parametrize("causal", [False, True])
def test_gradients_are_the_slopes_of_the_loss(plan: transformer.Plan, *, causal: bool) -> None:
    letters, targets = plan.batch(0, causal=causal)
    batch = Batch(letters[:2], targets[:2])
    _, gradients = Model(plan.weights, JOB, causal=causal).gradients(batch)
    assert gradients.keys() == plan.weights.keys()
    h = 2.0**-17
    for name, gradient in gradients.items():
        for place in permutation(0, name, gradient.size)[:2]:
            index = np.unravel_index(place, gradient.shape)
            losses = []
            for sign in (1, -1):
                moved = {key: weight.copy() for key, weight in plan.weights.items()}
                moved[name][index] += sign * h
                losses.append(Model(moved, JOB, causal=causal).gradients(batch)[0])
            assert (losses[0] - losses[1]) / (2 * h) == pytest.approx(gradient[index], abs=4e-9), (name, index)


def test_the_influence_is_the_slope_of_the_scores(plan: transformer.Plan) -> None:
    letters = plan.batch(0, causal=True).letters[:1, :9]
    model, h = Model(plan.weights, JOB, causal=True), 2.0**-17
    influence = model.influence(letters, 5)[0]
    moved = []
    for sign in (1, -1):
        places = plan.weights["places"].copy()
        places[3, 7] += sign * h
        moved.append(Model(plan.weights | {"places": places}, JOB, causal=True).layers(letters)["logits"][0, 5].sum())
    assert (moved[0] - moved[1]) / (2 * h) == pytest.approx(influence[3, 7], abs=1e-8)
    assert not influence[6:].any()


def test_attention_is_the_weighted_mean_of_the_values() -> None:
    """Vaswani et al. (2017), equation 1, one number at a time."""
    random = np.random.default_rng(1)
    q, k, v = random.normal(size=(3, 1, 1, 5, 4))
    seen = np.tri(5, dtype=bool)[None, None]
    result, _ = attention(q, k, v, seen)
    for row in range(5):
        weights = [math.exp(sum(q[0, 0, row] * k[0, 0, key]) / math.sqrt(4)) for key in range(row + 1)]
        for feature in range(4):
            mean = sum(weight * v[0, 0, key, feature] for key, weight in enumerate(weights)) / sum(weights)
            assert result[0, 0, row, feature] == pytest.approx(mean, abs=1e-14)


def test_the_normal_distribution_is_that_of_math() -> None:
    x = np.linspace(-12, 12, 20001)
    exact = [0.5 * math.erfc(-value / math.sqrt(2)) for value in x]
    np.testing.assert_allclose(normal(x), exact, rtol=0, atol=4e-16)


def test_gelu_is_the_exact_one() -> None:
    """At 1 the exact one is Φ(1) = 0.841344746…; the one by tanh is 0.841191990…"""
    assert gelu(np.array([1.0]))[0][0] == pytest.approx(0.8413447460685429, abs=1e-15)


def test_layer_norm_has_its_epsilon_inside_the_root() -> None:
    x = np.array([[[1.0, 3.0]]])
    result, _ = layer_norm(x, np.array([[1.0, 2.0], [0.0, 5.0]]))
    unit = 1 / math.sqrt(1 + 1e-5)
    np.testing.assert_allclose(result, [[[-unit, 2 * unit + 5]]], rtol=1e-15)


def test_a_step_is_sgd_with_momentum(plan: transformer.Plan) -> None:
    batch, model = plan.batch(0, causal=True), Model(plan.weights, JOB, causal=True)
    weight, velocity = plan.weights["output.bias"], np.zeros_like(plan.weights["output.bias"])
    for _ in range(3):
        velocity = 0.875 * velocity + model.gradients(batch)[1]["output.bias"]
        weight = weight - 0.125 * velocity
        model.step(batch)
    np.testing.assert_allclose(model.weights()["output.bias"], weight, rtol=1e-14)
