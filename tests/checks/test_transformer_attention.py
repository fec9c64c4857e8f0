"""A kernel is held against the definition in every case, and one that is not there is listed and never passes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from checks.common.record import Recorder
from checks.transformer.attention import CASES, Attended, Case, Kernel, Unavailable, prove_attention
from checks.transformer.layers import attention
from tests.checks.one_job import JOB


def right(case: Case) -> tuple[Any, ...]:
    result, back = attention(case.q, case.k, case.v, case.seen)
    return tuple(array.astype(np.float32) for array in (result, *back(case.slope)))


def absent(case: Case) -> tuple[Any, ...]:
    raise Unavailable("no card")


FAULTS = {
    "scale": lambda case: right(case._replace(q=case.q * np.sqrt(32))),
    "mask": lambda case: right(case._replace(seen=np.ones_like(case.seen))),
    "slope of k": lambda case: (*right(case)[:2], -right(case)[2], right(case)[3]),
    "nan": lambda case: tuple(array * np.nan for array in right(case)),
    "shape": lambda case: tuple(array[..., :-1] for array in right(case)),
}


def prove(run: Any, digits: int = 24) -> dict[str, Any]:
    record = Recorder(lambda *_: None)
    kernel = Kernel("one", digits, lambda case: Attended(run(case)))
    prove_attention(SimpleNamespace(kernels=lambda _: [kernel]), JOB, record)
    return record.result()


def test_a_right_kernel_passes_every_case() -> None:
    invariants = prove(right)["invariants"]
    assert [one["holds"] for one in invariants] == [True] * len(CASES)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_kernel_fails(fault: str) -> None:
    holds = [one["holds"] for one in prove(FAULTS[fault])["invariants"]]
    assert holds == ([True, False, False] if fault == "mask" else [False] * 3)


def test_half_precision_is_right_in_its_own_spacings_and_wrong_in_those_of_float32() -> None:
    def half(case: Case) -> tuple[Any, ...]:
        return tuple(array.astype(np.float16) for array in right(case))

    assert all(one["holds"] for one in prove(half, 11)["invariants"])
    assert not any(one["holds"] for one in prove(half, 24)["invariants"])


def test_a_kernel_that_is_not_there_is_listed_with_its_reason() -> None:
    result = prove(absent)
    assert result["invariants"] == []
    assert [(one["row"], one["text"]) for one in result["observations"]] == [
        (f"one, {case}", "not available: no card") for case in CASES
    ]
