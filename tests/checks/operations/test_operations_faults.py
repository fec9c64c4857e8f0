"""Every fault planted in a framework itself is found by its case, by its numbers; and no bound hides a tenth."""

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
from tests.checks.operations.plant import MISSED, count_families, table
from tests.checks.planted import ROOT
from tests.support import drawn
from tools.operations_page import write_page

JOB: dict[str, Any] = {"check": "operations", "framework": "pytorch", "device": "cpu", "round": 1, "profile": "full"}
JOB |= {"threads": 1, "trace": "", "log": ""}


@pytest.mark.frameworks
def test_every_layer_of_keras_times_nine_tenths_is_found() -> None:
    assert plant("plant_keras") == {}


SAMPLES = {"pytorch": 24, "tensorflow": 6, "jax": 4}
"""How many of a table a test takes: those of JAX compile. `benchmarks/selftest_framework_faults.py` takes all."""


@pytest.mark.frameworks
@pytest.mark.parametrize("framework", SAMPLES)
def test_a_fault_in_a_framework_is_found_by_its_case(framework: str) -> None:
    names = drawn(f"faults in {framework}", sorted(table(framework)), SAMPLES[framework])
    found = plant("plant", framework, *names)
    assert {name: where for name, where in found.items() if where.startswith(MISSED)} == {}
    assert set(found) == set(names)


@pytest.mark.parametrize("framework", SAMPLES)
def test_every_family_has_three_faults_in_each_framework_that_has_it(framework: str) -> None:
    count = count_families(table(framework))
    few = {
        family: count[family]
        for family, cases in families().items()
        if count[family] < 3 and any(framework in case.code for case in cases)
    }
    assert few == {}


def plant(program: str, *words: str) -> dict[str, str]:
    """Return what a program that plants faults prints."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.checks.operations.{program}", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={
            "PATH": "/usr/bin:/bin",
            "OMP_NUM_THREADS": "2",
            "CUDA_VISIBLE_DEVICES": "",
            "JAX_PLATFORMS": "cpu",
            "KERAS_BACKEND": "tensorflow",
        },
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("family", sorted(families()))
def test_no_bound_hides_a_tenth(family: str) -> None:
    """Results and gradients of nine tenths are refused, in every case: a layer times 0.9 cannot pass."""
    hidden = []
    for case in drawn(f"bounds of {family}", families()[family]):
        asked = draw(case, family, Job(seed=1, **JOB))
        for what, right in (("result", asked.truth.outputs), ("gradient", asked.truth.gradients)):
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
