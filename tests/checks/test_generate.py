"""The reference of `generate`: its gradients, its cache, what is allowed and what is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from checks.generate import Plan, draw_weights, reference
from checks.generate.decoding import beam, sample
from checks.generate.reference import Head, Writer, allowed, drawn
from checks.transformer.text import LETTERS, encode, read_lines
from tests.checks.differences import check_slopes
from tests.checks.one_job import JOB

PLAN = Plan(0, draw_weights(0), read_lines())


def writer(**changed: Any) -> Writer:
    return Writer(PLAN.weights | changed, JOB, wide=True)


def test_gradients_are_those_of_finite_differences() -> None:
    batch = PLAN.batch(0)
    _, gradients = writer().gradients(batch)
    check_slopes(gradients, PLAN.weights, lambda weights: writer(**weights).gradients(batch)[0], 1e-5)


@pytest.mark.parametrize("kind", ["judge", "crowd"])
def test_a_head_learns_what_is_linear(kind: str) -> None:
    features = np.random.default_rng(0).normal(size=(64, 32)) / 4
    truth = features[:, 0] * 2
    targets = (truth > 0).astype(float) if kind == "judge" else truth
    head = Head(kind, JOB)  # type: ignore[arg-type]
    losses = [head.step(features, targets) for _ in range(400)]
    assert losses[-1] < losses[0] / 2
    assert np.corrcoef(head.scores(features), truth)[0, 1] > 0.85


def test_what_is_allowed_by_count_and_by_mass() -> None:
    scores = np.log(np.array([[0.25, 0.25, 0.125, 0.25, 0.125]]))
    assert allowed(scores, 2, 1.0, JOB)[0].tolist() == [True, True, False, False, False]
    assert allowed(scores, 5, 0.5, JOB)[0].tolist() == [True, True, False, False, False]
    assert allowed(scores, 5, 0.51, JOB)[0].tolist() == [True, True, False, True, False]
    assert allowed(scores, 4, 1.0, JOB)[0].tolist() == [True, True, True, True, False]


def test_letters_are_drawn_by_their_cumulated_probability() -> None:
    scores = np.repeat(np.log(np.array([[0.5, 0.25, 0.25]])), 4, axis=0)
    every = np.ones((4, 3), bool)
    assert drawn(scores, every, np.array([0.1, 0.6, 0.8, 0.99]), JOB).tolist() == [0, 1, 2, 2]
    every[:, 0] = False
    assert drawn(scores, every, np.array([0.1, 0.6, 0.8, 0.0]), JOB).tolist() == [1, 2, 2, 1]


def test_replies_are_the_same_for_a_seed_and_others_for_another() -> None:
    backend: Any = reference
    one, same, other = (sample(backend, writer(), 4, 6, name, JOB) for name in ("a", "a", "b"))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert ((one >= 0) & (one < LETTERS)).all()


def test_many_beams_find_the_likeliest_reply() -> None:
    """With as many beams as there are letters, two letters are searched whole."""
    model = writer()
    found, total = beam(model, LETTERS, 2)
    model.begin()
    first = _logs(model.next(encode("\n")))[0]
    pairs = []
    for letter in range(LETTERS):
        model.begin()
        model.next(encode("\n"))
        pairs.append(first[letter] + _logs(model.next(np.array([letter])))[0])
    assert total == pytest.approx(np.max(pairs))
    assert tuple(found) == np.unravel_index(int(np.argmax(pairs)), (LETTERS, LETTERS))


def _logs(scores: Any) -> Any:
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
