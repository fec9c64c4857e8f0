"""A tensor whose elements may all have cancelled is compared in the unit of what was added up."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checks import gan, mlp, training_recipe, transformer
from checks.boundary import draw_weights as boundary_weights
from checks.boundary import plane
from checks.boundary.reference import Network
from checks.common.compare import UNIT, compare, spacing
from checks.common.float64_training import cross_entropy
from checks.common.record import Recorder
from checks.common.sway import KICK, PAIRS, Kicks, every, twins_of, unit
from checks.descent.recorded import record_first_step, record_training
from checks.gan.reference import Gan
from checks.mlp.reference import training
from checks.training_recipe.reference import Subject, build
from checks.transformer.reference import Model as Transformer
from tests.checks.one_job import JOB


def saved(path: Path, value: float, unit: float = 0.0) -> str:
    recorder = Recorder(lambda *_: None)
    recorder.tensor("gradient", "gradient of bias", np.array([value, -value]), unit=unit)
    recorder.save(str(path))
    return str(path)


def test_without_a_unit_what_cancelled_is_far_off_and_with_it_is_not(tmp_path: Path) -> None:
    ours, theirs = saved(tmp_path / "ours", 0.00359165668), saved(tmp_path / "theirs", 0.00359163206)
    (alone,) = compare(ours, theirs)
    (beside,) = compare(ours, theirs, saved(tmp_path / "reference", 0.0, unit=0.5))
    assert alone["ulps"] > 100
    assert 0.2 < beside["ulps"] < 1
    assert alone["key"] == beside["key"] == "0 gradient of bias"


def test_a_unit_hides_no_fault(tmp_path: Path) -> None:
    units = saved(tmp_path / "reference", 0.0, unit=0.5)
    (found,) = compare(saved(tmp_path / "ours", 0.004), saved(tmp_path / "theirs", 0.003), units)
    assert found["ulps"] > 10_000


def test_the_unit_of_a_sum_is_the_size_of_its_terms_whatever_is_left() -> None:
    terms = np.array([1.0, 2.0, -3.0, 0.0, 5.0, -5.0 + 1e-9])
    found = unit(terms.sum(), [kicks(terms).sum() for kicks in every()])
    assert 2 <= found <= np.abs(terms).sum() * (1 + KICK)
    assert unit(terms.sum(), []) == 0
    one = np.array([3.0])
    assert unit(one, [kicks(one) for kicks in every()]) == pytest.approx(3.0, rel=1e-6)


def test_both_twins_of_a_pair_are_moved_to_opposite_sides() -> None:
    value = np.linspace(-2.0, 2.0, 9)
    one, other = Kicks(0, 1.0)(value), Kicks(0, -1.0)(value)
    np.testing.assert_allclose(one - value, value - other)
    np.testing.assert_allclose(np.abs(one - value), KICK * np.abs(value), rtol=1e-6)
    assert Kicks(0, 1.0)(np.array([7])).tolist() == [7]  # letters are not numbers that are rounded


def test_a_frameworks_model_has_no_twins_and_the_references_are_their_own() -> None:
    assert twins_of(object()) == ()
    start = mlp.draw_weights(3, "network")
    points = mlp.draw_points(3, "learned")
    model = training("network", "cross-entropy", "adam", start, JOB)
    twins = twins_of(model)
    assert len(twins) == 2 * PAIRS
    twins[0].step((points.x,), points.inside)
    assert all(np.array_equal(model.weights()[name], start[name]) for name in start)
    assert not np.array_equal(twins[0].weights()["output.kernel"], start["output.kernel"])


def test_twins_move_what_is_learned_and_no_two_alike() -> None:
    photos = training_recipe.draw_batch(3, "batch", training_recipe.ROWS)
    subject = Subject(lambda: build(training_recipe.draw_weights(3), photos, 0.0, JOB), JOB)
    real = gan.draw_round(3, 0)
    both = Gan(gan.draw_weights(3), JOB)
    sample = plane.draw(3)
    network = Network(boundary_weights(3), JOB)
    losses = {
        "recipe": [twin.step() for twin in twins_of(subject)],
        "gan": [twin.discriminate(real.real, real.noise) for twin in twins_of(both)],
        "boundary": [twin.step(sample.points, sample.labels) for twin in twins_of(network)],
    }
    own = {"recipe": subject.step(), "gan": both.discriminate(real.real, real.noise),
           "boundary": network.step(sample.points, sample.labels)}  # fmt: skip
    for name, found in losses.items():
        assert len({*found}) == 2 * PAIRS, name
        assert all(0 < abs(one - own[name]) < 64 * KICK for one in found), name


def test_a_bias_that_has_come_to_nothing_is_known_by_what_was_added_to_it(tmp_path: Path) -> None:
    """Of 100 seeds, two accused a sound framework: after eight steps the one number of the bias was near zero."""
    seed, title = 10015, "network, squared error, gradient descent: "
    points, weights = mlp.draw_points(seed, "learned"), mlp.draw_weights(seed, "network")
    recorder = Recorder(lambda *_: None)
    parts: Any = training("network", "squared error", "gradient descent", weights, JOB)
    record_training(parts, [((points.x,), points.inside)] * mlp.STEPS, mlp.STEPS, recorder, title)
    recorder.save(str(tmp_path / "trace"))
    with np.load(tmp_path / "trace") as trace:
        key = f"{mlp.STEPS} {title}output.bias"
        bias, known_by = np.abs(trace[key]).max(), float(trace[UNIT + key])
    assert bias < 2.0**-10
    assert spacing(known_by) > 2**6 * spacing(float(bias))
    assert 0.01 < known_by < 4


def test_the_first_step_is_known_by_what_its_slopes_add_up(tmp_path: Path) -> None:
    points, recorder = mlp.draw_points(3, "learned"), Recorder(lambda *_: None)
    parts: Any = training("network", "cross-entropy", "adam", mlp.draw_weights(3, "network"), JOB)
    record_first_step(parts, (points.x,), points.inside, recorder)
    recorder.save(str(tmp_path / "trace"))
    with np.load(tmp_path / "trace") as trace:
        units = {key.removeprefix(UNIT): float(trace[key]) for key in trace.files if key.startswith(UNIT)}
        assert {*units} == {key for key in trace.files if not key.startswith(UNIT)}
        for key, known_by in units.items():
            assert 0 < known_by < 64 * max(1.0, float(np.abs(trace[key]).max())), key
            assert math.isfinite(known_by)


def test_a_loss_that_has_fallen_is_known_by_the_sum_inside_its_logarithm() -> None:
    """ln(1 + e⁻⁸) is off by the rounding of 1 + e⁻⁸, whatever is left of the loss and of its slope."""
    scores, truth = np.array([[8.0, 0.0]] * 4), np.zeros(4, np.int64)
    loss, slope = cross_entropy(scores, truth)
    twins = [cross_entropy(scores, truth, kicks) for kicks in every()]
    assert loss < 2.0**-11
    assert 0.25 < unit(loss, [theirs for theirs, _ in twins]) <= 1.0
    assert 0.2 < unit(slope, [theirs for _, theirs in twins]) <= 0.25  # a share next to 1, less 1, of four rows


def test_what_a_transformer_normalises_is_known_by_what_came_before_it() -> None:
    plan = transformer.draw_plan(3)
    model, letters = Transformer(plan.weights, JOB, causal=True), plan.batch(0, causal=True).letters
    twins = [twin.layers(letters) for twin in twins_of(model)]
    own = model.layers(letters)
    known_by = {name: unit(value, [theirs[name] for theirs in twins]) for name, value in own.items()}
    assert len(twins) == 2 * PAIRS
    assert known_by["embedded"] == pytest.approx(np.abs(own["embedded"]).max(), rel=0.25)
    assert all(0.1 < known_by[name] / np.abs(value).max() < 16 for name, value in own.items())
