"""A known upstream defect is neither hidden nor mistaken for news: it is named, and its work-around is tried."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from gpusetup.facts import facts
from gpusetup.report.formats.junit import junit
from gpusetup.report.selftest_formats import outcomes
from gpusetup.report.selftest_headline import foremost, headline
from gpusetup.selftest.known import lookup, suspects
from gpusetup.selftest.model import Job
from gpusetup.selftest.proof import Proof
from tests.selftest.cases_world import AVOID, CRASH, NAME, WRONG, add_cases
from tests.selftest.small_world import World, failed

ROW = next(row for row in facts().defect if row.id == "defect-tensorflow-matmul-onednn-heap")


def listed(monkeypatch: pytest.MonkeyPatch, workaround: tuple[str, ...]) -> None:
    """Have the table list a defect of ``fam.bad``."""
    row = msgspec.structs.replace(ROW, workaround=workaround)
    monkeypatch.setattr(suspects, "explanation", lambda case, *_: (row, "framework 1.0") if case == "fam.bad" else None)


def proven(world: World, fault: str = WRONG, **options: Any) -> Proof:
    if not (world.folder / NAME).exists():
        add_cases(world, fault)
    return world.prove(NAME, frameworks=("pytorch",), **options)


@pytest.mark.parametrize("fault", [WRONG, CRASH])
def test_a_listed_defect_that_its_workaround_removes_is_excepted(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    listed(monkeypatch, (f"{AVOID}=1",))
    proof = proven(world, fault)
    found = proof.concluded()
    assert failed(proof) == []
    assert (found.state, found.exit_code, found.exit_code_if(strict=True)) == ("proven", 0, 1)
    assert found.deterministic  # what the defect left in memory is not compared
    [known] = found.known
    assert known.cases == ("fam.bad forward eager",)
    assert known.verified
    assert known.threads
    assert all(one.startswith("https://") for one in known.threads)
    assert headline(proof, found).startswith("PROVEN except for 1 known upstream defect: pytorch")
    [line] = [line for line in foremost(found) if line.startswith("Known upstream defect, framework 1.0: ")]
    assert f"[{AVOID}=1 (verified: right with it)]" in line
    assert known.threads[0] in line
    assert re.search(r'<testcase [^>]*name="defect"[^>]*>\s*<system-out>warning: ', junit(outcomes(proof)))
    assert re.search(r'<testcase [^>]*name="defect"[^>]*>\s*<failure', junit(outcomes(proof, strict=True)))


def test_a_defect_whose_workaround_does_not_help_is_a_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, ("ANOTHER=1",))
    proof = proven(world)
    [summary] = [text for kind, _, text in failed(proof) if kind == "parity"]
    assert f"it stays with ANOTHER=1, so the known {ROW.id} does not explain it" in summary
    assert (proof.concluded().exit_code, proof.concluded().known) == (1, ())


def test_a_defect_that_no_variable_avoids_is_said_to_be_unverified(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(monkeypatch, ())
    proof = proven(world)
    found = proof.concluded()
    assert (found.exit_code, found.known[0].verified) == (0, False)
    assert any("no variable avoids it, so not verified" in line for line in foremost(found))


def test_a_fault_that_is_not_listed_fails(world: World) -> None:
    proof = proven(world)
    [summary] = [text for kind, _, text in failed(proof) if kind == "parity"]
    assert "fam.bad forward eager" in summary
    assert proof.concluded().exit_code == 1


def test_a_baseline_with_a_known_defect_holds_the_rest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, (f"{AVOID}=1",))
    saved = proven(world)
    found = proven(world, baseline=saved).concluded()
    assert (found.state, found.exit_code) == ("proven", 0)
    assert found.saved is not None
    assert (found.saved.compared, found.saved.runs, found.saved.other_bits) == (1, 1, ())


# the lookup, over the real table

CPU = Job(check=NAME, framework="tensorflow", device="cpu", seed=0, round=1, profile="quick", threads=1)
VARIABLE, _, OFF = ROW.workaround[0].partition("=")


@pytest.mark.parametrize(
    ("case", "device", "version", "environment", "expected"),
    [
        ("matmul.rank4_rank2", "cpu", "2.21.0", "", True),
        ("matmul.rank4_rank2_one", "cpu", "2.16.1", "", True),
        ("matmul.rank4_rank2", "cpu", "2.15.1", "", False),
        ("matmul.rank3", "cpu", "2.21.0", "", False),
        ("matmul.rank4_rank2", "cuda:0", "2.21.0", "", False),
        ("matmul.rank4_rank2", "cpu", "2.21.0", OFF, False),
    ],
)
def test_a_defect_is_matched_by_package_operation_and_settings(
    monkeypatch: pytest.MonkeyPatch, case: str, device: str, version: str, environment: str, *, expected: bool
) -> None:
    if environment:
        monkeypatch.setenv(VARIABLE, environment)
    else:
        monkeypatch.delenv(VARIABLE, raising=False)
    job = msgspec.structs.replace(CPU, device=device)
    found = lookup.explanation(case, job, {"tensorflow": version})
    assert (found is not None and found[0].id == ROW.id) is expected


@pytest.mark.parametrize(
    ("operations", "precision", "expected"),
    [
        (("conv3d",), "float32", True),
        (("conv3d.stride",), "float32", True),
        (("conv3d.stride.float64",), "float64", True),
        (("conv3d.stride.float64",), "float32", False),
        (("conv3d.other.float64",), "float64", False),
        (("conv3d.bfloat16",), "bf16", True),
        (("conv3d.bfloat16",), "float32", False),
        (("conv3d.tf32",), "tf32", True),
        (("conv2d", "conv"), "float32", False),
        ((), "float32", False),
    ],
)
def test_operations_name_a_case_or_a_family_or_either_in_a_precision(
    operations: tuple[str, ...], precision: str, *, expected: bool
) -> None:
    assert lookup.names(operations, "conv3d.stride", precision) is expected


def test_cudnn_is_matched_by_its_release() -> None:
    versions = {text: dict(lookup.releases("pytorch", {"torch": "2.9.0+cu128", "cudnn": text})) for text in CUDNN}
    assert {text: found["nvidia-cudnn"] for text, found in versions.items()} == CUDNN


CUDNN = {"91002": "9.10.2", "90800": "9.8.0", "8907": "8.9.7"}


def test_an_operation_that_is_listed_for_other_releases_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert lookup.explanation("matmul.rank4_rank2", CPU, {"tensorflow": "2.99.0"}) is None
    assert ROW in lookup.related("matmul.rank4_rank2", CPU)
    assert ROW not in lookup.related("matmul.rank4_rank2", msgspec.structs.replace(CPU, device="cuda:0"))
    assert ROW not in lookup.related("conv2d.stride", CPU)


# a check without cases: invariants and tensors that are named after an operation

OPERATION = '\n[[operation]]\nid = "fam.bad"\nnames = ["product", "product: *"]\n'
UNCASED = """
import numpy as np

def run(job, record):
    record.tensor("value", "first", np.arange(4) / 3, 1)
    record.tensor("value", "product", np.arange(4) / 7 + OFF, 1)
    record.invariant("one is one", 1 == 1, "1, expected 1")
    record.invariant("product: sums are long", HOLDS, "11 bits")
"""


def uncased(world: World, off: str, holds: str) -> Proof:
    right = UNCASED.replace("OFF", "0").replace("HOLDS", "True")
    world.add("plain", reference=right, pytorch=UNCASED.replace("OFF", off).replace("HOLDS", holds))
    description = world.folder / "plain" / "check.toml"
    description.write_text(description.read_text() + OPERATION)
    return world.prove("plain", frameworks=("pytorch",))


def test_what_a_listed_defect_violates_is_known_and_the_rest_is_judged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(monkeypatch, ())
    found = uncased(world, "1", "False").concluded()
    assert (found.state, found.exit_code_if(strict=True)) == ("proven", 1)
    assert [one.cases for one in found.known] == [("fam.bad forward eager",)]


def test_a_wrong_tensor_alone_is_not_excused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, ())
    proof = uncased(world, "1", "True")
    assert [kind for kind, *_ in failed(proof)] == ["parity"]
    assert proof.concluded().known == ()


def test_a_defect_with_a_workaround_that_cannot_be_tried_explains_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(monkeypatch, (f"{AVOID}=1",))
    assert {kind for kind, *_ in failed(uncased(world, "1", "False"))} == {"parity", "invariant"}
