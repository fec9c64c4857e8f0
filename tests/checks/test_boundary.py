"""What the check `boundary` is held against: the best rule, trees, a kernel machine, the network's slopes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from checks.boundary import (
    LEARNS,
    NEIGHBOURS,
    NEWTON,
    OTHERS_LEARN,
    Learned,
    draw_weights,
    grow,
    judge,
    plane,
    reference,
    support,
    trees,
)
from checks.boundary.features import plain, splines
from checks.common.record import Recorder
from tests.checks.one_job import JOB

SAMPLE = plane.draw(5)
BEST = plane.best(SAMPLE.places)


def test_no_rule_errs_less_than_the_best() -> None:
    """Whatever is changed of it makes it worse, and the share that is learned is 1 for it, 0 for a constant."""
    right = BEST.chance > 0.5
    assert 0.02 < BEST.least < 0.2
    assert BEST.learned(right) == pytest.approx(1)
    assert abs(BEST.learned(np.zeros(len(right), bool))) < 0.3
    for place in range(0, len(right), 37):
        other = right.copy()
        other[place] ^= True
        assert BEST.risk(other) > BEST.least, place


def test_points_have_the_density_that_is_claimed() -> None:
    """In each quarter of the plane there are as many points of a class as its density says, within five deviations."""
    many = [plane.draw(seed) for seed in range(40)]
    for ones in (0, 1):
        share = BEST.mass * (BEST.chance if ones else 1 - BEST.chance) * 2
        points = np.vstack([one.points[one.labels == ones] for one in many])
        inside = points[(np.abs(points) < plane.EDGE).all(axis=1)]
        for right in (False, True):
            for up in (False, True):
                here = ((inside[:, 0] > 0) == right) & ((inside[:, 1] > 0) == up)
                there = ((SAMPLE.places[:, 0] > 0) == right) & ((SAMPLE.places[:, 1] > 0) == up)
                expected = share[there].sum()
                assert here.mean() == pytest.approx(expected, abs=5 * np.sqrt(0.25 / len(inside))), (ones, right, up)


def test_squared_distances_are_exact_in_float32() -> None:
    apart = ((SAMPLE.places[:, None] - SAMPLE.points) ** 2).sum(axis=-1)
    narrow = ((SAMPLE.places[:, None].astype(np.float32) - SAMPLE.points.astype(np.float32)) ** 2).sum(axis=-1)
    assert np.array_equal(apart, narrow)


def test_a_tree_finds_the_only_split_there_is() -> None:
    points = np.array([[x / 4, float(x * 7 % 5)] for x in range(32)])
    labels = (points[:, 0] > 19 / 4).astype(float)
    found = trees.tree(points, labels)
    assert (found.feature[0, 0], found.threshold[0, 0]) == (0, 19.5 / 4)
    assert trees.walk(found, points).tolist() == (labels - 0.5).tolist()


def test_boosting_lowers_the_loss_and_its_sums_are_exact_in_float32() -> None:
    grown = grow(SAMPLE, 5)
    scores = trees.walk(grown["boosting"], SAMPLE.points)
    loss = np.mean(np.logaddexp(0, scores) - SAMPLE.labels * scores)
    assert loss < 0.5 * np.log(2)
    for name, one in grown.items():
        sums = one.leaf.astype(np.float32).sum(axis=0)
        assert np.array_equal(sums.astype(np.float64), one.leaf.sum(axis=0)), name
        assert np.array_equal(one.threshold.astype(np.float32), one.threshold), name


def test_a_machine_is_where_its_slope_is_nought() -> None:
    """A point's weight is twice what its margin lacks of 1, with its sign: none where it lacks nothing."""
    machine = support.fit(SAMPLE.points, SAMPLE.labels)
    sign = 2 * SAMPLE.labels - 1
    scores = (support.kernel(SAMPLE.points, machine.vectors) + 1) @ machine.weights
    wanted = 2 * support.COST * sign * np.maximum(0, 1 - sign * scores)
    held = (SAMPLE.points[:, None] == machine.vectors).all(axis=-1).any(axis=1)
    assert np.abs(wanted[~held]).max() < 1e-3
    assert wanted[held] == pytest.approx(machine.weights, abs=1e-3)
    assert 10 < len(machine.weights) < len(sign)


def test_newton_ends_where_the_slope_is_nought() -> None:
    for features in (plain, splines):
        seen = features(SAMPLE.points)
        weights = reference.logistic(seen, SAMPLE.labels, NEWTON, JOB)
        slope = seen.T @ (1 / (1 + np.exp(-seen @ weights)) - SAMPLE.labels) + weights
        assert np.abs(slope).max() < 1e-9
        assert np.array_equal(seen, seen.astype(np.float32))


def test_splines_add_up_to_one() -> None:
    assert splines(SAMPLE.points).sum(axis=1) == pytest.approx(np.ones(len(SAMPLE.points)))


def test_slopes_of_the_network_are_slopes() -> None:
    """Adam's first step moves each weight by the rate, against the sign of its slope."""
    start = draw_weights(5)
    network = reference.Network(start, JOB)
    first = network.step(SAMPLE.points, SAMPLE.labels)
    moved = network.weights()
    for name, weight in start.items():
        place = np.unravel_index(np.abs(moved[name] - weight).argmax(), weight.shape)
        nudged = {key: value.copy() for key, value in start.items()}
        nudged[name][place] += np.sign(moved[name][place] - weight[place]) * 2.0**-12
        assert reference.Network(nudged, JOB).step(SAMPLE.points, SAMPLE.labels) < first, name


def test_a_rule_that_has_not_learned_is_not_taken_for_one_that_has() -> None:
    recorder = Recorder(lambda *_: None)
    guess = np.where(np.arange(len(BEST.chance)) % 2, 1.0, -1.0)
    judge(Learned("network", guess), BEST, recorder)
    judge(Learned("network again", BEST.chance - 0.5), BEST, recorder)
    assert [one["holds"] for one in recorder.result()["invariants"]] == [False, True]
    assert max(LEARNS.values()) < OTHERS_LEARN < 1


def test_ties_among_neighbours_have_no_order() -> None:
    turned = np.random.default_rng(0).permutation(len(SAMPLE.labels))
    other = SAMPLE._replace(points=SAMPLE.points[turned], labels=SAMPLE.labels[turned])
    job = dataclasses.replace(JOB, check="boundary")
    assert np.array_equal(reference.neighbours(SAMPLE, NEIGHBOURS, job), reference.neighbours(other, NEIGHBOURS, job))
