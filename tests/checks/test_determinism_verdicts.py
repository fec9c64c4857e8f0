"""What the determinism check says of frameworks that keep the promise, and of those that break it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from checks import determinism
from checks.common.record import Recorder
from checks.determinism.bit_equality import check_sameness
from checks.determinism.operations import OperationResult, Refused, classify, probe, repeat
from tests.checks.one_job import JOB

COUNT = itertools.count()
RESUMED, WORKERS = "after going on from a checkpoint", {"with 1 loader workers", "with 4 loader workers"}


class Framework:
    """A stand-in: its training is a function of the seed, and of what `leaks` into it."""

    threads = None

    def __init__(self, *leaks: str, **operations: Any) -> None:
        self.leaks, self.operations, self.on = leaks, operations, True

    def train(self, job: Any, data: Any, *, seed: int, workers: int = 0, resume: bool = False) -> dict[str, Any]:
        leak = {
            "time": next(COUNT), "workers": workers, "resume": resume, "seed": -seed, "switch": not self.on
        }  # fmt: skip
        extra = sum(leak[name] for name in self.leaks)
        return {
            "start": np.array([seed]), "losses": np.array([1.0, 2.0 + extra]), "weight": np.array([seed])
        }  # fmt: skip

    def switch(self, job: Any, on: bool) -> None:
        self.on = on


def sameness(backend: Any) -> tuple[dict[str, bool], dict[str, str]]:
    record = Recorder(lambda *_: None)
    data = determinism.draw_data(3)
    check_sameness(backend, JOB, data, backend.train(JOB, data, seed=3), record)
    result = record.result()
    return (
        {one["name"]: one["holds"] for one in result["invariants"]},
        {one["row"]: one["text"] for one in result["observations"]},
    )


def test_a_framework_that_keeps_the_promise_passes() -> None:
    holds, seen = sameness(Framework())
    assert all(holds.values())
    assert seen["determinism switch off"].startswith("same bits")


@pytest.mark.parametrize(
    ("leak", "broken"),
    [
        ("time", {"again in the same process", RESUMED, *WORKERS}),
        ("resume", {RESUMED}),
        ("workers", WORKERS),
        ("switch", set()),
    ],
)  # fmt: skip
def test_a_framework_that_breaks_it_is_told_where(leak: str, broken: set[str]) -> None:
    holds, seen = sameness(Framework(leak))
    assert {name.removeprefix("same bits ") for name, fine in holds.items() if not fine} == broken
    assert seen["determinism switch off"].startswith("other bits") == (leak in {"switch", "time"})


def test_a_seed_that_reaches_nothing_is_noticed() -> None:
    class Deaf(Framework):
        def train(self, job: Any, data: Any, **options: Any) -> dict[str, Any]:
            return super().train(job, data, **options | {"seed": 0})

    assert not sameness(Deaf())[0]["other bits with another seed"]


def steady(job: Any) -> Sequence[Any]:
    return [np.ones(3)]


def restless(job: Any) -> Sequence[Any]:
    return [np.full(3, next(COUNT))]


def refused(job: Any) -> Sequence[Any]:
    raise Refused("no deterministic form")


def test_runs_of_an_operation_are_counted_by_their_bits() -> None:
    assert repeat(steady, JOB, 4) == OperationResult(1)
    assert repeat(restless, JOB, 4) == OperationResult(4)
    assert repeat(refused, JOB, 4).refusal == "no deterministic form"


@pytest.mark.parametrize(
    ("off", "on", "words"),
    [
        (OperationResult(1), OperationResult(1), "deterministic"),
        (OperationResult(3), OperationResult(1), "made deterministic by the switch; without it 3 different results"),
        (OperationResult(1), OperationResult(0, "no"), "refused by the switch; without it same bits"),
        (OperationResult(3), OperationResult(0, "no"), "refused by the switch; without it 3 different results"),
        (OperationResult(1), OperationResult(2), "still not deterministic: 2 different results"),
    ],
)
def test_an_operation_is_one_of_four(off: OperationResult, on: OperationResult, words: str) -> None:
    assert classify(off, on) == words


def test_the_switch_must_make_every_operation_deterministic_or_refuse_it() -> None:
    backend = Framework(steady=steady, refused=refused)
    backend.operations["made so"] = lambda job: steady(job) if backend.on else restless(job)
    record = Recorder(lambda *_: None)
    probe(backend, JOB, record)  # type: ignore[arg-type]  # a stand-in
    assert [one["holds"] for one in record.result()["invariants"]] == [True]
    backend.operations["restless"] = restless
    record = Recorder(lambda *_: None)
    probe(backend, JOB, record)  # type: ignore[arg-type]  # a stand-in
    [invariant] = record.result()["invariants"]
    assert (invariant["holds"], invariant["detail"]) == (False, "violated by: restless")
    assert backend.on


def test_a_difference_is_told_by_its_step() -> None:
    class Drifting(Framework):
        def train(self, job: Any, data: Any, **options: Any) -> dict[str, Any]:
            return {"start": np.ones(1), "losses": np.array([1.0, 2.0, 3.0 + next(COUNT)])}

    record = Recorder(lambda *_: None)
    check_sameness(Drifting(), JOB, determinism.draw_data(3), Drifting().train(JOB, None), record)  # type: ignore[arg-type]
    assert "differ from step 3 on" in record.result()["invariants"][0]["detail"]


def test_another_number_of_steps_is_a_difference() -> None:
    class Short(Framework):
        def train(self, job: Any, data: Any, *, workers: int = 0, **options: Any) -> dict[str, Any]:
            return {"start": np.ones(1), "losses": np.ones(8 if workers < 4 else 2)}

    record = Recorder(lambda *_: None)
    check_sameness(Short(), JOB, determinism.draw_data(3), Short().train(JOB, None), record)  # type: ignore[arg-type]
    assert record.result()["invariants"][3]["detail"] == "2 steps instead of 8"


def test_the_data_is_exact_in_float32() -> None:
    data = determinism.draw_data(3)
    assert data.features.dtype == np.float32
    assert set(data.classes.tolist()) == {0, 1, 2, 3}
    assert np.array_equal(data.features, determinism.draw_data(3).features)
