"""Programs are run as they read, and evolution goes the way that its scores say."""

from __future__ import annotations

import numpy as np
import pytest

from checks.evolve import draw_tasks, run_alone, score
from checks.evolve.evolution import POPULATION, Evolution
from checks.evolve.language import CONSTANTS, Operation, describe, ignorant, written
from checks.evolve.reference import Runner
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
            each.take(scores)
            each.breed()
        assert np.array_equal(one.best, best)
        assert one.best_score == 10 - generation
        assert np.array_equal(one.programs[0], best)
    assert not np.array_equal(one.programs, Evolution(6).programs)


@pytest.mark.slow
def test_gradient_descent_is_found() -> None:
    tasks, evolution = draw_tasks(0, "task"), Evolution(0)
    runner = Runner(tasks, JOB)
    target = int(score(run_alone(runner, written())[None], tasks)[0])
    for _ in range(400):
        evolution.take(score(runner.predictions(evolution.programs), tasks))
        if evolution.best_score <= target:
            break
        evolution.breed()
    assert evolution.best_score <= target
