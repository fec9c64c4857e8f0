"""The frame's float64 parts against what is worked out by hand, and its laws against a frame that breaks them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from checks import linear, logistic, mlp
from checks.common.record import Recorder
from checks.descent import BETAS, MOMENTUM
from checks.descent.reference import adam, gradient_descent, momentum
from checks.linear import reference as line
from checks.logistic import reference as surnames
from checks.mlp import reference as parts
from checks.sgd.reference import Optimiser
from checks.sgd.rules import RULES
from tests.checks.one_job import JOB


def test_the_optimisers_are_those_that_sgd_proves() -> None:
    """Two references of one rule, written apart."""
    assert (BETAS, MOMENTUM) == ((0.875, 0.96875), 0.875)
    start = {"w": np.array([1.0, -2.0])}
    for name, make in (("sgd", gradient_descent), ("momentum", momentum), ("adam", adam)):
        rule = next(one for one in RULES if one.name == name)
        theirs, ours = Optimiser(rule, start, JOB), make(rule.rate)(start)
        for gradient in ([1.0, 0.5], [-0.25, 2.0], [3.0, 0.125]):
            theirs.apply({"w": np.array(gradient)})
            ours.step({"w": np.array(gradient)})
        np.testing.assert_allclose(ours.weights["w"], theirs.weights()["w"], rtol=1e-14)


def test_losses_are_the_means_of_their_formulas() -> None:
    weights = {"line.kernel": np.array([[2.0]]), "line.bias": np.array([1.0])}
    x, t = np.array([[0.0], [1.0]]), np.array([[0.0], [1.0]])  # scores 1 and 3
    loss, gradients = line.training(weights, 1.0, JOB).gradients((x,), t)
    assert loss == (1 + 4) / 2
    np.testing.assert_array_equal(gradients["line.bias"], [1 + 2])
    loss, gradients = surnames.training(weights, 1.0, JOB).gradients((x,), t)
    assert loss == pytest.approx((math.log(1 + math.e) + math.log(1 + math.exp(-3))) / 2)
    np.testing.assert_allclose(gradients["line.kernel"], [[-0.5 / (1 + math.exp(3))]])


def test_newton_ends_where_the_slope_vanishes() -> None:
    problem = logistic.read_problem(3)
    last = surnames.newton(problem.design, problem.t, 8, JOB)[-1]
    likely = 1 / (1 + np.exp(-problem.design.astype(np.float64) @ last))
    assert np.abs(problem.design.T @ (likely - problem.t[:, 0])).max() < 1e-9


def test_the_planets_are_eight_and_in_order() -> None:
    known = linear.planets()
    assert known.x.shape == (8, 1)
    assert np.all(np.diff(known.x, axis=0) > 0)
    assert known.x[2] == 0  # the Earth's distance is the unit


def broken(check: Any, backend: Any, **instead: Any) -> dict[str, bool]:
    """Return the invariants of a run of the reference in which some of its functions are others."""
    record = Recorder(lambda done, total: None)
    kept = {name: getattr(backend, name) for name in instead}
    for name, other in instead.items():
        setattr(backend, name, other(kept[name]))
    try:
        check.prove(backend, JOB, record)
    finally:
        for name, own in kept.items():
            setattr(backend, name, own)
    return {one["name"]: one["holds"] for one in record.result()["invariants"]}


@pytest.mark.parametrize(("check", "backend"), [(linear, line), (logistic, surnames), (mlp, parts)])
def test_the_reference_keeps_every_law(check: Any, backend: Any) -> None:
    held = broken(check, backend)
    assert held
    assert all(held.values()), held


def test_a_rate_that_is_another_leaves_the_path() -> None:
    held = broken(linear, line, training=lambda own: lambda weights, rate, job: own(weights, rate * 1.01, job))
    assert not held["descent goes where the eigenvalues predict"]


def test_a_solver_that_is_off_has_a_slope_left() -> None:
    held = broken(linear, line, solve=lambda own: lambda *given: {k: v + 0.001 for k, v in own(*given).items()})
    assert not held["no slope at the solution by QR"]


def test_half_steps_are_not_newtons() -> None:
    def halved(own: Any) -> Any:
        def path(*given: Any) -> Any:
            steps = own(*given)
            return np.array([steps[-1] + (steps[0] - steps[-1]) / 2**number for number in range(len(steps))])

        return path

    held = broken(logistic, surnames, newton=halved)
    assert not held["Newton's error shrinks faster than its power 1.5"]
    assert not held["no slope at Newton's optimum"]


def test_a_network_without_its_hidden_layer_does_not_know_the_disc() -> None:
    held = broken(
        mlp, parts, MODELS=lambda own: own | {"network": lambda nodes, x: own["line"](nodes, x[:, :1] * np.ones(16))}
    )
    assert not held["the network knows the disc"]


def test_a_part_that_changes_another_is_noticed() -> None:
    def leaking(own: Any) -> Any:
        return lambda model, loss, optimiser, weights, job: own(
            model, loss, optimiser, {k: v + (optimiser == "adam") * 2.0**-9 for k, v in weights.items()}, job
        )

    held = broken(mlp, parts, training=leaking)
    assert not held["losses and optimisers change no output"]
    assert not held["optimisers change no first loss"]
