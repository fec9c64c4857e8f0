"""Programs are run as they read, and evolution goes the way that its scores say."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from checks.evolve import draw_tasks, run_alone, score, score_alone
from checks.evolve.evolution import POPULATION, Evolution
from checks.evolve.exactly import _steps, rate
from checks.evolve.language import CONSTANTS, LABEL, PREDICT, PREDICTION, SETUP, Operation, describe, ignorant, written
from checks.evolve.reference import Runner, _Memory
from tests.checks.one_job import JOB


def test_the_program_by_hand_is_gradient_descent() -> None:
    tasks = draw_tasks(0, "task")
    found = run_alone(Runner(tasks, JOB), written())
    for task in range(len(tasks.weights)):
        weights = np.zeros(4)
        for inputs, label in zip(tasks.inputs[task], tasks.labels[task], strict=True):
            weights = weights + 2 * (label - weights @ inputs) * inputs
        np.testing.assert_allclose(found[task], tasks.new_inputs[task] @ weights, rtol=1e-12)


def test_a_program_that_does_nothing_predicts_nothing() -> None:
    tasks = draw_tasks(0, "task")
    assert not run_alone(Runner(tasks, JOB), ignorant()).any()


def test_every_operation_is_described_and_run() -> None:
    program = np.array([(kind, 1, 0, 6) for kind in Operation][:5])
    assert describe(program) == ["nothing", "s1 = s0 + s2", "s1 = s0 - s2", "s1 = s0 s2", "s1 = v0·v0"]
    assert describe(np.array([(Operation.MOVE, 1, 2, 0), (Operation.CONSTANT, 3, 0, 7)])) == ["v1 += s2 v0", "s3 = 4.0"]
    constant = np.array([(0, 0, 0, 0), (Operation.CONSTANT, 1, 0, 3), *[(0, 0, 0, 0)] * 3])
    np.testing.assert_array_equal(run_alone(Runner(draw_tasks(0, "task"), JOB), constant), CONSTANTS[3])


def test_what_diverges_scores_as_the_worst() -> None:
    tasks = draw_tasks(0, "task")
    exact = tasks.new_labels
    scores = score(np.stack([exact, exact + 1, exact * np.nan, exact + 1e30]), tasks)
    assert scores.tolist() == [-80, 0, 80, 80]


def test_evolution_keeps_the_best_and_repeats_itself() -> None:
    one, other = Evolution(5), Evolution(5)
    for generation in range(3):
        assert np.array_equal(one.programs, other.programs)
        scores = np.arange(POPULATION)[::-1] + 10 - generation
        best = one.programs[-1]
        for each in (one, other):
            assert not each.take(scores, lambda _: False, 1000)
            each.breed()
        assert np.array_equal(one.best, best)
        assert one.best_score == 10 - generation
        assert np.array_equal(one.programs[0], best)
    assert not np.array_equal(one.programs, Evolution(6).programs)


def test_evolution_finds_what_is_good_enough_and_wanted() -> None:
    evolution, scores = Evolution(5), np.arange(POPULATION)
    third = evolution.programs[3]
    assert not evolution.take(scores, lambda program: bool((program == third).all()), 2)
    assert np.array_equal(evolution.best, evolution.programs[0])
    assert evolution.take(scores, lambda program: bool((program == third).all()), 3)
    assert (np.array_equal(evolution.best, third), evolution.best_score) == (True, 3)


ERROR = [(Operation.DOT, 1, 0, 1), (Operation.SUBTRACT, 2, 0, 1)]
DESCENTS = {
    "moved twice": ([(0, 0, 0, 0), *ERROR, (Operation.MOVE, 1, 2, 0), (Operation.MOVE, 1, 2, 0)], Fraction(2)),
    "a quarter": ([(Operation.CONSTANT, 3, 0, 2), *ERROR, (Operation.MULTIPLY, 2, 3, 2), (Operation.MOVE, 1, 2, 0)],
                  Fraction(1, 4)),
}  # fmt: skip
OTHERS = {
    "uphill": [(0, 0, 0, 0), ERROR[0], (Operation.SUBTRACT, 2, 1, 0), (Operation.MOVE, 1, 2, 0), (0, 0, 0, 0)],
    "the label, not the error": [(0, 0, 0, 0), ERROR[0], (Operation.MOVE, 1, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0)],
    "a rate that goes with the prediction": [
        (Operation.CONSTANT, 3, 0, 2), *ERROR, (Operation.MULTIPLY, 2, 1, 2), (Operation.MOVE, 1, 2, 0)
    ],
    "weights that decay": [(Operation.CONSTANT, 3, 0, 1), *ERROR, (Operation.MOVE, 1, 2, 0), (Operation.MOVE, 1, 3, 1)],
    "no first step": [(0, 0, 0, 0), *ERROR, (Operation.MOVE, 1, 3, 0), (Operation.ADD, 3, 2, 2)],
    "a prediction that is doubled": [(0, 0, 0, 0), (Operation.DOT, 1, 0, 0), *[(0, 0, 0, 0)] * 3],
}  # fmt: skip


def test_what_is_gradient_descent_is_told_from_what_is_not() -> None:
    assert rate(written(), 0) == 2
    assert {name: rate(np.array(program), 3) for name, (program, _) in DESCENTS.items()} == {
        name: eta for name, (_, eta) in DESCENTS.items()
    }
    assert {name: rate(np.array(program), 3) for name, program in OTHERS.items()} == dict.fromkeys(OTHERS)
    assert rate(ignorant(), 0) is None


def test_fractions_and_the_reference_run_programs_alike() -> None:
    """A step of every drawn program has the same weights in fractions and in float64, where no rounding happens."""
    programs = Evolution(7).programs
    inputs, label = np.array([0.5, -1.5, 2.0, 0.25]), 3.5
    for program in programs:
        [(_, predicted, weights, _)] = _steps(program, [([Fraction(one) for one in inputs], Fraction(label))])
        memory = _Memory(1)
        memory.run(program[None, :SETUP])
        memory.show(inputs)
        memory.run(program[None, SETUP : SETUP + PREDICT])
        assert memory.scalars[0, PREDICTION, 0] == predicted
        memory.scalars[:, LABEL] = label
        memory.run(program[None, SETUP + PREDICT :])
        assert memory.vectors[0, 1, 0].tolist() == weights


@pytest.mark.slow
def test_gradient_descent_is_found() -> None:
    tasks, evolution = draw_tasks(0, "task"), Evolution(0)
    runner = Runner(tasks, JOB)
    target = score_alone(runner, written(), tasks)
    for _ in range(400):
        if evolution.take(score(runner.predictions(evolution.programs), tasks), lambda one: bool(rate(one, 0)), target):
            break
        evolution.breed()
    assert rate(evolution.best, 1) == 2
