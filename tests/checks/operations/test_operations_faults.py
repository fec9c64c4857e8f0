"""Every fault planted in PyTorch itself is found by its case, by its numbers; and no bound hides a tenth."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from checks.common.job import Job
from checks.operations.bounded import Bounded
from checks.operations.families import families
from checks.operations.judge import judge
from checks.operations.run import draw
from tests.checks.planted import ROOT
from tools.operations_page import write_page

JOB: dict[str, Any] = {"check": "operations", "framework": "pytorch", "device": "cpu", "round": 1, "profile": "full"}
JOB |= {"threads": 1, "trace": "", "log": ""}


@pytest.mark.frameworks
@pytest.mark.parametrize("program", ["plant_pytorch", "plant_keras"])
def test_every_fault_in_a_framework_is_found_by_its_case(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.checks.operations.{program}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={
            "PATH": "/usr/bin:/bin",
            "OMP_NUM_THREADS": "2",
            "CUDA_VISIBLE_DEVICES": "",
            "KERAS_BACKEND": "tensorflow",
        },
    )
    assert json.loads(done.stdout) == {}


@pytest.mark.parametrize("family", sorted(families()))
def test_no_bound_hides_a_tenth(family: str) -> None:
    """Results and gradients of nine tenths are refused, in every case: a layer times 0.9 cannot pass."""
    hidden = []
    for case in families()[family]:
        drawn = draw(case, family, Job(seed=1, **JOB))
        for what, right in (("result", drawn.truth.outputs), ("gradient", drawn.truth.gradients)):
            for number, one in enumerate(right):
                if not isinstance(one, Bounded) or not np.abs(one.value).max(initial=0) > 1e-6:
                    continue
                if judge([0.9 * one.value], [one], ["it"], case, "float32").share <= 1:
                    hidden.append(f"{case.name}: {what} {number}")
    assert hidden == []


def test_every_cell_that_is_empty_has_its_reason() -> None:
    silent = [
        f"{family}.{case.name} in {framework}"
        for family, cases in families().items()
        for case in cases
        for framework in ("pytorch", "tensorflow", "jax")
        if framework not in case.code and not case.absent.get(framework)
    ]
    assert silent == []


def test_names_are_unique() -> None:
    for cases in families().values():
        names = [case.name for case in cases]
        assert len(set(names)) == len(names)


def test_the_page_is_what_the_families_say() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert page == write_page(), "run `python -m tools.operations_page`, which writes the page"
