"""What a person reads: the verdict with its cause, what moved and by how much, what is known of it."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest
from msgspec.structs import replace

from gpusetup.evidence.compare import compare, exit_code
from gpusetup.evidence.model import Comparison, Evidence
from gpusetup.facts import facts
from gpusetup.report.comparison import show
from gpusetup.report.comparison_formats import outcomes
from gpusetup.report.formats import FORMATS
from gpusetup.selftest.changes import changes, folded
from gpusetup.value import to_json
from tests.evidence.samples import sample

NAMES = ("the lock", "this machine")


def moved(last: float, **environment: str) -> Evidence:
    """Return the sample with another last loss, in another environment."""
    one = sample()
    [row], [(name, (layout, digests, _))] = one.run, one.packed.items()
    values = base64.b64encode(struct.pack("<4f", 0.5, 0.5, last, last)).decode()
    return replace(
        one,
        run=(replace(row, fingerprint="0" * 64, trajectory={"loss": (0.5, last)}),),
        packed={name: (layout, digests[:16] + "0" * 16, values)},
        environment={"e": {"torch": "1"} | environment},
    )


def text(found: Comparison, capsys: pytest.CaptureFixture[str]) -> str:
    show(found)
    return " ".join(capsys.readouterr().out.split())


def test_drift_names_the_change_the_tensor_and_the_distance(capsys: pytest.CaptureFixture[str]) -> None:
    said = text(compare(sample(), moved(0.375, torch="2"), NAMES), capsys)
    assert said.startswith("DRIFTED because of torch 1 → 2; not as in the lock: 1 of 1 result")
    assert "first loss, step 1: 0.25 → 0.375 (4.19e+06 ulps, allowed 8)" in said
    assert "ends at loss 0.25 → 0.375" in said


def test_within_tolerance_says_how_much_of_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    found = compare(sample(), moved(0.25 + 2.0**-24, torch="2"), NAMES)
    said = text(found, capsys)
    assert said.startswith("SAME WITHIN TOLERANCE because of torch 1 → 2: other bits in 1 of 1 result")
    assert "moved by at most 2 ulps, 25% of the tolerance" in said
    assert (exit_code(found), exit_code(found, bits=True)) == (0, 1)


def test_drift_without_a_change_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert text(compare(sample(), moved(0.25 + 2.0**-24), NAMES), capsys).startswith(
        "DRIFTED, and nothing that is recorded has changed"
    )


def test_a_defect_that_came_with_the_release_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        row for row in facts().defect if row.package == "torch" and row.effect in ("", "cases") and row.build != "gpu"
    ]
    row = next(row for row in rows if not (row.arch or row.variable or row.setting or row.beside or row.cc_first))
    found = compare(sample(), moved(0.375, torch=row.first), NAMES)
    assert any(row.symptom in known for known in found.causes[0].known)


def test_every_format_of_a_ci_server_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    found = compare(sample(), moved(0.375, torch="2"), NAMES)
    for name, form in FORMATS.items():
        made = form(outcomes(found, "gpusetup verify"))
        assert "torch 1" in made, name
    report: Any = json.loads(FORMATS["sarif"](outcomes(found, "gpusetup verify")))
    assert report["version"] == "2.1.0"
    assert json.loads(to_json(found))["verdict"] == "drifted"


def test_what_follows_from_a_change_is_no_cause_beside_it() -> None:
    now = {"torch": "2", "torch build": "b", "threads": "2", "switches": "OMP_NUM_THREADS=2", "numpy": "2"}
    before = {"torch": "1", "torch build": "a", "threads": "1", "switches": "OMP_NUM_THREADS=1", "numpy": "1"}
    found = {one.key: [other.key for other in brings] for one, brings in folded(changes(now, before)).items()}
    assert found == {"torch": ["torch build"], "threads": ["OMP_NUM_THREADS"], "numpy": []}
    alone = {one.key for one in folded(changes(now | {"torch": "1"}, before))}
    assert "torch build" in alone  # a build that changed by itself is a cause
