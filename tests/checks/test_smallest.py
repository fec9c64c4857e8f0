"""A fault is made small while it stays the same fault, in bounded time."""

from __future__ import annotations

import dataclasses
import faulthandler
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from checks.common.record import Recorder
from checks.common.shrink import shrink
from checks.operations.case import Case, real
from checks.operations.run import Step
from checks.operations.smallest import record_smallest
from tests.checks.one_job import JOB


def test_each_size_becomes_as_small_as_the_fault_allows() -> None:
    choices = {"K": (5, 33, 257), "M": (1, 2, 13), "mode": ("plain", "odd", "strange")}
    found = shrink(
        {"K": 257, "M": 13, "mode": "strange"}, choices, lambda one: one["K"] >= 7 and one["mode"] != "plain", 10
    )
    assert found["M"] == 1
    assert 7 <= found["K"] <= 9
    assert found["mode"] == "odd"


def test_a_fault_in_one_shape_alone_stays_in_it() -> None:
    asked: list[Any] = []

    def fails(sizes: dict[str, Any]) -> bool:
        asked.append(sizes)
        return False

    assert shrink({"K": 8, "flag": True}, {"K": (8,), "flag": (True,)}, fails, 10) == {"K": 8, "flag": True}
    assert len(asked) == len({str(one) for one in asked}) > 0


def test_no_trial_begins_after_the_time_is_up() -> None:
    asked: list[Any] = []

    def fails(sizes: dict[str, Any]) -> bool:
        asked.append(sizes)
        time.sleep(0.02)
        return False

    shrink({"K": 1000}, {"K": tuple(range(1, 1000))}, fails, 0.05)
    assert 1 <= len(asked) <= 4


class Numbers:
    """A framework of NumPy's, whose product has a fault."""

    ISOLATED = True

    def __init__(self, fault: Any) -> None:
        self.NAMES = {"np": np, "fault": fault}

    def run(self, task: Any, _: Any) -> list[Any]:
        task.began("forward")
        task.got([np.asarray(task.function(*task.inputs.values()), np.float32)])
        return []


def product(a: Any, b: Any) -> Any:
    return a @ b


def wrong(value: Any, k: int) -> Any:
    return value + 1 if k >= 4 else value


def crashing(value: Any, k: int) -> Any:
    if k >= 4:
        faulthandler.disable()  # pytest's, which would print where the planted crash is
        os.abort()
    return value


def raising(value: Any, k: int) -> Any:
    if k < 4:
        raise ValueError("too short")
    return value + 1


@pytest.mark.parametrize(
    ("fault", "outcome"), [(wrong, "failed"), (crashing, "crashed"), (raising, "failed"), (lambda value, _: value, "")]
)
def test_a_wrong_case_is_recorded_in_its_smallest_form(tmp_path: Path, fault: Any, outcome: str) -> None:
    case = Case(
        name="sick",
        inputs={"a": real("M, K"), "b": real("K, N")},
        reference=product,
        code={"pytorch": "fault(np.matmul(a, b), a.shape[1])"},
        sizes={"M": (9, 17), "K": (8, 31), "N": (12, 24)},
        no_gradient="a stand-in",
    )
    job = dataclasses.replace(JOB, framework="pytorch", trace=str(tmp_path / "trace"), shrink=30.0)
    record = Recorder(lambda *_: None)
    record_smallest([Step("matmul", case, "eager")], Numbers(fault), job, record)  # type: ignore[arg-type]
    cases = record.result()["cases"]
    assert [one["outcome"] for one in cases] == ([outcome] if outcome else [])
    if outcome:
        assert "M=1" in cases[0]["drawn"]
        assert "N=1" in cases[0]["drawn"]
        assert "K=4" in cases[0]["drawn"]
        assert "K = 4" in cases[0]["script"]
        assert "M = 1" in cases[0]["script"]
        compile(cases[0]["script"], "script", "exec")


def test_nothing_is_tried_where_a_fork_is_unsafe(tmp_path: Path) -> None:
    job = dataclasses.replace(JOB, device="cuda:0", trace=str(tmp_path / "trace"), shrink=1.0)
    record_smallest([SimpleNamespace()], Numbers(wrong), job, Recorder(lambda *_: None))  # type: ignore[arg-type,list-item]
