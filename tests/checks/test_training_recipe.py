"""The sanity list finds each fault that it names, on a float64 model that is broken in one way at a time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from checks.common.record import Recorder
from checks.training_recipe import ROWS, Batch, draw_batch, draw_weights, record_training
from checks.training_recipe.contract import ContractError, load_build, take_apart
from checks.training_recipe.guess import classes, right
from checks.training_recipe.reference import Built, Subject, build
from checks.training_recipe.sanity import check_sanity
from tests.checks.differences import check_slopes
from tests.checks.one_job import JOB
from tests.each import each

WEIGHTS, BATCH = draw_weights(0), draw_batch(0, "batch", ROWS)


def broken(subject: type[Subject] = Subject, batch: Batch = BATCH, weights: Any = WEIGHTS) -> set[str]:
    """Return what the list finds wrong."""
    record = Recorder(lambda *_: None)

    def make() -> Subject:
        return subject(lambda: build(weights, batch, 0.25, JOB), JOB)

    with np.errstate(all="ignore"):
        check_sanity(make(), make(), JOB, record)
    return {one["name"] for one in record.result()["invariants"] if not one["holds"]}


def test_nothing_is_found_in_a_sound_model() -> None:
    assert broken() == set()


class Mixed(Subject):
    """The outputs' transpose, viewed as (rows, classes)."""

    def _forward(self, inputs: Any, mask: Any) -> Any:
        hidden, scores = super()._forward(inputs, mask)
        return hidden, scores.T.reshape(scores.shape)

    def reach(self, row: int) -> Any:
        return None  # so that it is found by exchanging rows


class Leaking(Subject):
    def reach(self, row: int) -> Any:
        return np.ones(len(self.inputs))


class Deaf(Subject):
    def reach(self, row: int) -> Any:
        return np.zeros(len(self.inputs))


class Noisy(Subject):
    """Dropout that stays on."""

    def outputs(self, rows: Any = None, *, training: bool = False) -> Any:
        return super().outputs(rows, training=True)


class Company(Subject):
    """Scores minus the mean of the batch's, as a batch norm in the wrong mode has them."""

    def _forward(self, inputs: Any, mask: Any) -> Any:
        hidden, scores = super()._forward(inputs, mask)
        return hidden, scores - scores.mean(axis=0)


class Halved(Subject):
    """The gradient of a loss whose scale depends on what else is in the batch."""

    def gradients(self, rows: Any = None) -> Any:
        found: Any = super().gradients(rows)
        return found | {"output.bias": found["output.bias"] * (1 if rows is None else 1.5)}


class Unreached(Subject):
    def gradients(self, rows: Any = None) -> Any:
        return super().gradients(rows) | {"hidden.bias": None}


class Unseeded(Subject):
    seen = 0

    def outputs(self, rows: Any = None, *, training: bool = False) -> Any:
        if self._passes == 0:
            Unseeded.seen += 1
            self._passes = Unseeded.seen
        return super().outputs(rows, training=training) + self._passes


class Stuck(Subject):
    """The optimiser has none of the model's weights."""

    def step(self, *, blank: bool = False) -> float:
        return self.loss(blank=blank)


class Blind(Subject):
    """The input is lost on the way, and what is learned is how often each target comes."""

    def _forward(self, inputs: Any, mask: Any) -> Any:
        return super()._forward(np.zeros_like(inputs), mask)


class Kept(Subject):
    """Something of the training stays behind when the weights are put back."""

    def reset(self) -> None:
        if not hasattr(self, "_optimiser") or self._passes < 20:
            super().reset()


FOUND = {
    Mixed: "output i depends on input i alone",
    Leaking: "output i depends on input i alone",
    Deaf: "output i depends on input i alone",
    Noisy: "dropout is off at evaluation",
    Company: "a row alone has its output",
    Halved: "accumulated gradients are those of the large batch",
    Unreached: "a gradient reaches every trainable weight",
    Unseeded: "the same seed builds the same model",
    Stuck: "one step moves the predictions",
    Blind: "the input helps",
    Kept: "the weights of the start bring its outputs back",
}


@each("subject", list(FOUND))
def test_each_fault_is_found(subject: type[Subject]) -> None:
    assert FOUND[subject] in broken(subject)


def test_a_model_that_is_sure_of_wrong_answers_is_found() -> None:
    sure = WEIGHTS | {"output.weight": 64 * WEIGHTS["output.weight"]}
    assert "the loss at the start is at most twice a guess's" in broken(weights=sure)


def test_data_that_is_no_data_is_found() -> None:
    same = Batch(np.ones_like(BATCH.inputs), BATCH.targets)
    assert {"rows of the batch differ", "one batch is learned by heart"} <= broken(batch=same)


def test_the_gradients_of_the_reference_are_those_of_finite_differences() -> None:
    def subject(weights: Any) -> Subject:
        return Subject(lambda: Built(weights, BATCH, 0.0), JOB)

    check_slopes(subject(WEIGHTS).gradients(), WEIGHTS, lambda weights: subject(weights).loss(), 1e-6)


def test_the_speed_is_that_of_the_steps_it_is_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second a step: as many pictures a second as there are in a batch."""
    clock = SimpleNamespace(now=0.0)

    class Ticking(Subject):
        def step(self, *, blank: bool = False) -> float:
            clock.now += 1.0
            return super().step(blank=blank)

    monkeypatch.setattr("checks.training_recipe.time", SimpleNamespace(perf_counter=lambda: clock.now))
    record = Recorder(lambda *_: None)
    record_training(Ticking(lambda: Built(WEIGHTS, BATCH, 0.0), JOB), JOB, record)
    assert record.result()["measures"]["pictures per second"] == ROWS


def test_classes_are_found_on_the_axis_where_they_are() -> None:
    numbers = np.array([[0, 2, 1], [3, 1, 0]])
    last = np.eye(5)[numbers]
    assert (classes(last, numbers), right(last, numbers)) == (5, 1.0)
    second = last.swapaxes(1, 2)
    assert (classes(second, numbers), right(second, numbers)) == (5, 1.0)
    assert (classes(last, last), right(last, last)) == (5, 1.0)
    assert right(last, np.where(numbers == 3, -100, numbers)) == 1.0
    assert (classes(np.zeros(4), np.array([0, 1, 1, 0])), classes(np.zeros((4, 3)), np.ones((4, 3)))) == (2, 0)
    assert (classes(np.zeros(4), np.array([0.5, 1, 2, 3])), right(np.zeros(4), np.array([0.5, 1, 2, 3]))) == (0, None)


WRONG = [
    (7, "returned an object of type int"),
    ((1, 2), "returned a tuple of 2"),
    ({"model": 1, "loss": 2}, "has no batch"),
    ({"model": 1, "loss": 2, "batch": (3, 4), "optimiser": 5}, "has optimiser"),
    ((1, 2, 3), "the batch is an object of type int"),
]


@each("returned, says", WRONG)
def test_what_a_function_returned_wrongly_is_named(returned: object, says: str) -> None:
    with pytest.raises(ContractError, match=says):
        take_apart(returned)


def test_a_tuple_and_a_dictionary_say_the_same() -> None:
    assert take_apart((1, 2, (3, 4))) == take_apart({"model": 1, "loss": 2, "batch": [3, 4]})
    assert take_apart({"model": 1, "loss": 2, "batch": (3, 4), "independent": False}).independent is False


def test_a_file_may_import_what_is_beside_it(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    (tmp_path / "beside_it.py").write_text("ANSWER = 42\n")
    (tmp_path / "a_model.py").write_text("from beside_it import ANSWER\ndef build(): return ANSWER\n")
    assert load_build(f"{tmp_path}/a_model.py:build")() == 42
    with pytest.raises(ContractError, match="has no function nothing"):
        load_build(f"{tmp_path}/a_model.py:nothing")
