"""The float64 optimisers are what all else is held against, so they are held against sums that are known."""

from __future__ import annotations

import dataclasses
import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from checks.common.draw import uniform
from checks.common.record import Recorder
from checks.sgd import conventions
from checks.sgd.boundary import BOUNDS, steepest
from checks.sgd.names import count_letters
from checks.sgd.paths import check_downhill, draw_starts, ladder
from checks.sgd.reference import OBJECTIVES, Optimiser, Training
from checks.sgd.rules import BETAS, DECAY, MOMENTUM, RULES, WEIGHT_DECAY
from checks.sgd.stepwise import STEPS, draw_gradients, draw_start
from checks.sgd.valleys import DIVERGED, ELSEWHERE, MINIMA, classify, descend, kick
from tests.checks.one_job import JOB

RULE = {rule.name: rule for rule in RULES}
N = 7


def constant(name: str, gradient: float = 0.75, start: float = 0.0) -> float:
    """Where a single weight is after N steps with the same gradient, at rate 1."""
    optimiser = Optimiser(RULE[name], {"w": np.array([start])}, JOB)
    optimiser.set_rate(1.0)
    for _ in range(N):
        optimiser.apply({"w": np.array([gradient])})
    return float(optimiser.weights()["w"][0])


def test_sums_under_a_constant_gradient() -> None:
    """Each rule has a closed sum when the gradient never changes."""
    velocities = [sum(MOMENTUM**k for k in range(t)) for t in range(1, N + 1)]
    roots = [math.sqrt(1 - DECAY**t) for t in range(1, N + 1)]
    assert constant("sgd") == pytest.approx(-0.75 * N)
    assert constant("momentum") == pytest.approx(-0.75 * sum(velocities))
    assert constant("nesterov") == pytest.approx(-0.75 * sum(1 + MOMENTUM * v for v in velocities))
    assert constant("adagrad") == pytest.approx(-sum(1 / math.sqrt(t) for t in range(1, N + 1)))
    assert constant("rmsprop") == pytest.approx(-sum(1 / root for root in roots))
    assert constant("adam") == pytest.approx(-N)  # both corrections are exact
    assert constant("adamw", gradient=0.0, start=2.0) == pytest.approx(2 * (1 - WEIGHT_DECAY) ** N)


def test_adadelta_is_zeilers_algorithm_one_number_at_a_time() -> None:
    epsilon, squares, changes, weight = RULE["adadelta"].epsilon, 0.0, 0.0, 0.0
    for _ in range(N):
        squares = DECAY * squares + (1 - DECAY) * 0.75**2
        change = -math.sqrt(changes + epsilon) / math.sqrt(squares + epsilon) * 0.75
        changes = DECAY * changes + (1 - DECAY) * change**2
        weight += change
    assert constant("adadelta") == pytest.approx(weight, rel=1e-14)


def test_nesterov_is_the_gradient_taken_at_the_place_ahead() -> None:
    """Sutskever's form: v ← μv - η∇f(θ + μv), θ ← θ + v; ours holds θ + μv. On f = w²/2."""
    theta, velocity, rate = 1.0, 0.0, 0.25
    optimiser = Optimiser(RULE["nesterov"], {"w": np.array([1.0])}, JOB)
    for _ in range(N):
        velocity = MOMENTUM * velocity - rate * (theta + MOMENTUM * velocity)
        theta += velocity
        optimiser.apply(optimiser.weights())
        assert float(optimiser.weights()["w"][0]) == pytest.approx(theta + MOMENTUM * velocity, rel=1e-13)


def test_adams_corrections_make_its_means_unbiased() -> None:
    one, two = BETAS
    optimiser = Optimiser(RULE["adam"], {"w": np.zeros(1)}, JOB)
    optimiser.set_rate(1.0)
    for gradient in (1.0, -3.0):
        optimiser.apply({"w": np.array([gradient])})
    mean = (one * 1 - 3) / (one + 1)
    square = (two * 1 + 9) / (two + 1)
    assert float(optimiser.weights()["w"][0]) == pytest.approx(-1 - mean / math.sqrt(square), rel=1e-14)


@pytest.mark.parametrize("objective", ["himmelblau", "regression"])
def test_slopes_are_slopes(objective: str) -> None:
    batch: tuple[np.ndarray, ...] = (uniform(1, "scales", (5,)) + 2,)
    start = {"points": 4 * uniform(1, "points", (5, 2))}
    if objective == "regression":
        batch = (uniform(1, "letters", (9, 4)), np.arange(9) % 3)
        start = {"weight": uniform(1, "weight", (4, 3))}
    _, slopes = OBJECTIVES[objective](start, *batch)
    for name, slope in slopes.items():
        for index in np.ndindex(slope.shape):
            losses = []
            for move in (2.0**-17, -(2.0**-17)):
                moved = {key: weight.copy() for key, weight in start.items()}
                moved[name][index] += move
                losses.append(OBJECTIVES[objective](moved, *batch)[0])
            assert (losses[0] - losses[1]) * 2.0**16 == pytest.approx(slope[index], abs=2e-7), (name, index)


def test_minima_are_minima() -> None:
    loss, slopes = OBJECTIVES["himmelblau"]({"points": MINIMA}, np.ones(4))
    assert loss < 1e-25
    assert np.abs(slopes["points"]).max() < 1e-12
    assert classify(MINIMA).tolist() == [0, 1, 2, 3]
    assert classify(np.array([[0.0, 0.0], [np.nan, 0], [1e9, 0], [-np.inf, 0]])).tolist() == [
        ELSEWHERE,
        DIVERGED,
        DIVERGED,
        DIVERGED,
    ]


def test_boundaries_are_where_a_root_leaves_the_unit_circle() -> None:
    polynomials = {
        "sgd": lambda x: [1, x - 1],
        "momentum": lambda x: [1, -(1 + MOMENTUM - x), MOMENTUM],
        "nesterov": lambda x: [1, -(1 + MOMENTUM) * (1 - x), MOMENTUM * (1 - x)],
    }
    for name, bound in BOUNDS.items():
        below, at, above = (
            np.abs(np.roots(polynomials[name](bound * part))).max() for part in (0.999, 1.0, 1.001)
        )  # fmt: skip
        assert below < 1 < above
        assert at == pytest.approx(1, abs=1e-9)


def test_curvatures_are_those_of_the_function() -> None:
    curvatures, directions = steepest()
    h = 2.0**-12
    ahead, behind = (
        OBJECTIVES["himmelblau"]({"points": MINIMA + s * h * directions}, np.ones(4))[1]["points"] for s in (1, -1)
    )
    np.testing.assert_allclose((ahead - behind) / (2 * h), curvatures[:, None] * directions, atol=1e-5)


def test_a_start_between_basins_does_not_count() -> None:
    """From the hilltop between the four minima the smallest kick decides; from beside a minimum none does."""
    starts = np.array([(-0.270845, -0.923039), (3.1, 2.1)])
    rule, rate = RULE["sgd"], RULE["sgd"].valley_rates[0]
    assert kick(rule, starts, rate, JOB).steady.tolist() == [False, True]
    training = Training("himmelblau", rule, {"points": starts}, JOB)
    assert classify(descend(training, starts, rate)[-1])[1] == 0


def test_a_path_is_firm_only_as_long_as_kicks_do_not_move_it() -> None:
    """From the hilltop a path becomes loose and stays so; beside a minimum it is firm all the way."""
    starts = np.array([(-0.270845, -0.923039), (3.1, 2.1)])
    firm = kick(RULE["sgd"], starts, RULE["sgd"].valley_rates[0], JOB).firm
    assert firm[0].all()
    assert not firm[-1, 0]
    assert firm[:, 1].all()
    assert (np.diff(firm.astype(int), axis=0) <= 0).all()


def test_starts_lie_one_in_each_cell_and_the_ladder_passes_the_wild_rate() -> None:
    starts = draw_starts(3, 64)
    assert len(np.unique(np.floor(starts + 4), axis=0)) == 64
    assert np.array_equal(starts, starts.astype(np.float32))
    for rule in RULES:
        rates = ladder(rule, "full")
        assert rates[0] == rule.valley_rates[0], rule.name
        assert rule.valley_rates[1] in rates, rule.name
        assert rates[-1] > rule.valley_rates[1], rule.name


def test_a_step_that_is_too_long_goes_uphill() -> None:
    """The invariant of gradient descent fails once the rate is beyond 2 / λ."""
    starts = draw_starts(0, 64)
    for rate, holds in ((2.0**-8, True), (2.0**-5, False)):
        recorder = Recorder(lambda *_: None)
        training = Training("himmelblau", RULE["sgd"], {"points": starts}, JOB)
        check_downhill(descend(training, starts, rate), recorder)
        assert recorder.result()["invariants"][0]["holds"] is holds, rate


def test_conventions_can_be_told_apart() -> None:
    for places in (*conventions.EPSILONS.values(), conventions.RATES):
        values = sorted(places.values())
        assert all(b / a > 1.01 for a, b in itertools.pairwise(values))


def test_sgds_own_sums_are_exact_in_float32() -> None:
    """What lets them be held to the last bit: sums in float32 and in float64 are the same."""
    wide = draw_start(11)
    narrow = {name: weight.astype(np.float32) for name, weight in wide.items()}
    for step in range(1, STEPS["full"] + 1):
        for name, gradient in draw_gradients(11, step).items():
            wide[name] = wide[name] - 0.25 * gradient
            narrow[name] = narrow[name] - np.float32(0.25) * gradient.astype(np.float32)
            np.testing.assert_array_equal(wide[name], narrow[name])


def test_letters_are_counted(tmp_path: Path) -> None:
    (tmp_path / "One.txt").write_text("Anna\n")
    (tmp_path / "Two.txt").write_text("Bo\n")
    names = count_letters(dataclasses.replace(JOB, data=str(tmp_path)))
    rows = dict(zip(names.languages.tolist(), names.letters, strict=True))
    width = names.letters.shape[1] // 2
    assert {place: int(rows[0][place]) for place in np.flatnonzero(rows[0])} == {
        1: 2,
        14: 2,
        width + 1: 1,
        2 * width: 1,
    }
    assert {place: int(rows[1][place]) for place in np.flatnonzero(rows[1])} == {
        2: 1,
        15: 1,
        width + 15: 1,
        2 * width: 1,
    }
