"""A baseline as a gate: it opens only on what was compared, and bits that changed are told first, with the cause."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from checks.common.host import host
from checks.common.job import Job as TheirJob
from gpusetup.errors import WrongInputError
from gpusetup.report import selftest as report
from gpusetup.report.formats.junit import junit
from gpusetup.report.selftest_formats import outcomes
from gpusetup.selftest.changes import changes
from gpusetup.selftest.model import REFERENCE, Run
from gpusetup.selftest.proof import Proof
from gpusetup.selftest.selection import require_apart
from gpusetup.value import to_json
from tests.selftest.synthetic import ENVIRONMENT, SELECTION, TENSORS, Scene, Tensors, recorded, scene, told

OTHER = {"torch": "2.12.0", "threads": "1", "numpy": "1.26.4"}
NEARBY = TENSORS | {"second": ("value", np.arange(6).reshape(2, 3) / 7 + 2.0**-26)}
FAR = TENSORS | {"second": ("value", np.arange(6).reshape(2, 3) / 7 + 2.0**-10)}


def held(folder: Path, tensors: Tensors, environment: dict[str, str] = OTHER) -> Scene:
    """Return the scene whose saved proof has `environment`, and `tensors` in the frameworks."""
    whole = scene(folder)
    saved = tuple(
        recorded(run.job, folder, TENSORS if run.job.framework == REFERENCE else tensors, environment=environment)
        for run in whole.runs
    )
    return replace(whole, saved=saved, speed_asked=False)


def text(proof: Proof, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("gpusetup.report.console.WIDTH_WHEN_PIPED", 110)
    report.show(proof)
    return capsys.readouterr().out


def test_other_bits_are_said_in_the_headline_the_table_the_promise_and_every_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = held(tmp_path, NEARBY).judged()
    found, _ = told(proof)
    assert (found.state, found.exit_code, found.level) == ("proven", 0, "L3")
    shown = " ".join(text(proof, capsys, monkeypatch).split())
    head, table = shown.split(" check ", 1)
    assert head.startswith("PROVEN: ")
    assert "but not the baseline's bits" in head
    assert "Bits differ from the baseline, within tolerance (L3): one in pytorch; one in tensorflow" in head
    assert "most likely cause first: torch 2.12.0 → 2.13.0 (another build of a framework" in head
    assert "not known to change bits: numpy 1.26.4 → 2.0.0" in head
    assert table.count("bits differ") == 5  # four lines and the legend
    assert (
        "Promised: L3: the same within the stated tolerance; the baseline's bits were not reproduced; L0 for one"
        in table
    )
    assert "L2" not in shown
    whole = msgspec.json.decode(to_json(msgspec.structs.replace(proof, conclusion=found)))
    assert whole["conclusion"]["saved"]["changed"][0]["key"] == "torch"
    assert [one["level"] for one in whole["verdicts"] if one["kind"] == "baseline"] == ["L3"] * 4 + ["L2"]
    bases = {one.basis.count for one in proof.verdicts if one.kind == "baseline" and one.framework != REFERENCE}
    assert bases == {4 + 4 + 3}  # all elements where the bits are the saved ones, else the four that a proof keeps
    cases = ET.fromstring(junit(outcomes(proof))).findall("testcase")
    said = [case.findtext("system-out") or "" for case in cases if case.attrib["name"].startswith("baseline")]
    drifted = [
        one for one in said if one.startswith("L3: different bits, within tolerance (changed: torch 2.12.0 → 2.13.0")
    ]
    assert (len(drifted), len(said)) == (4, 5)  # the reference has its bits


def test_the_same_bits_keep_the_promise_whatever_changed(tmp_path: Path) -> None:
    found, said = told(held(tmp_path, TENSORS).judged())
    assert (found.state, found.level) == ("proven", "L2")
    assert "not the baseline's bits" not in said


def test_beyond_tolerance_the_environment_is_named_and_no_rule_of_the_program(tmp_path: Path) -> None:
    proof = held(tmp_path, FAR).judged()
    [cause] = {one.divergence.cause for one in proof.verdicts if one.divergence is not None}
    assert cause.startswith("what changed in the environment: torch 2.12.0 → 2.13.0 (another build of a framework")
    assert "numpy" not in cause


def test_in_the_same_environment_other_bits_fail_and_what_the_key_lacks_is_named(tmp_path: Path) -> None:
    proof = held(tmp_path, NEARBY, dict(ENVIRONMENT)).judged()
    [cause] = {one.divergence.cause for one in proof.verdicts if one.divergence is not None}
    assert cause.startswith("something that the environment key does not record")
    assert proof.concluded().state == "failed"


def test_a_gate_that_compares_nothing_is_shut_and_says_so_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scene(tmp_path)
    for closed in (replace(whole, unchanged=False), replace(whole, saved=()), replace(whole, saved=of(whole, "full"))):
        proof = closed.judged()
        assert (proof.concluded().state, proof.concluded().exit_code) == ("not proven", 3)
        shown = " ".join(text(proof, capsys, monkeypatch).split())
        assert shown.startswith("NOT PROVEN: no run could be compared with the saved proof")
        assert "0 of 4 runs were compared" in shown
        assert "--save FILE in place of --baseline" in shown
        assert "Promised: nothing" in shown


def of(whole: Scene, profile: str) -> tuple[Run, ...]:
    """Return the runs, as of another profile."""
    return tuple(
        msgspec.structs.replace(run, job=msgspec.structs.replace(run.job, profile=profile)) for run in whole.runs
    )


@pytest.mark.parametrize(
    ("dropped", "reason"),
    [
        ("now", "the saved proof has this run, and here it did not run"),
        ("saved", "the saved proof has no such run: it has device cpu"),
        ("unfinished", "the saved proof has this run, and here it ended as unsupported"),
    ],
)
def test_a_gate_is_shut_when_either_side_lacks_a_run(tmp_path: Path, dropped: str, reason: str) -> None:
    whole = scene(tmp_path)
    part = replace(whole, saved=tuple(run for run in whole.runs if not _lost(run)))
    if dropped == "now":
        part = whole.without(lambda job: (job.framework, job.device) == ("pytorch", "cuda:0"))
    if dropped == "unfinished":
        fields = {"outcome": "unsupported", "cause": "needs another", "result": None}
        part = whole.changed(lambda job: (job.framework, job.device) == ("pytorch", "cuda:0"), **fields)
    found, said = told(part.judged())
    assert (found.state, found.exit_code) == ("partly proven", 3)
    assert "one in pytorch on cuda:0" in said
    assert [one for one in found.open if one.startswith("baseline")] == [
        f"baseline: {reason} (one in pytorch on cuda:0)"
    ]


def _lost(run: Run) -> bool:
    return (run.job.framework, run.job.device) == ("pytorch", "cuda:0")


def test_what_was_left_out_by_name_is_no_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = scene(tmp_path).without(lambda job: job.framework == "tensorflow")
    monkeypatch.setattr("tests.selftest.synthetic.SELECTION", msgspec.structs.replace(
        SELECTION, pythons={"pytorch": "python"}
    ))  # fmt: skip
    assert one.judged().concluded().state == "proven"
    unnamed = msgspec.structs.replace(SELECTION, pythons={"pytorch": "python"}, named=())
    monkeypatch.setattr("tests.selftest.synthetic.SELECTION", unnamed)
    assert one.judged().concluded().state == "partly proven"


def test_a_reference_that_is_all_that_matches_opens_no_gate(tmp_path: Path) -> None:
    whole = scene(tmp_path)
    only = tuple(run for run in whole.runs if run.job.framework == REFERENCE)
    assert replace(whole, saved=only).judged().concluded().state == "not proven"


@pytest.mark.parametrize(
    ("changed", "order"),
    [
        ({"numpy": "9", "threads": "2", "torch": "9"}, ["torch", "threads", "numpy"]),
        ({"host": "b", "driver": "9", "gpu": "H200"}, ["gpu", "driver", "host"]),
        ({"python": "9", "cudnn": "9", "instruction set": "AVX2"}, ["cudnn", "instruction set", "python"]),
        ({"switches": "A=1 TF_ENABLE_ONEDNN_OPTS=0", "numpy": "9"}, ["TF_ENABLE_ONEDNN_OPTS", "numpy"]),
        ({"a key of tomorrow": "x", "numpy": "9", "tf32": "True"}, ["tf32", "a key of tomorrow", "numpy"]),
        ({"never seen before": "x", "numpy": "9"}, ["never seen before", "numpy"]),
    ],
)
def test_changes_come_in_the_order_in_which_they_are_known_to_change_bits(
    changed: dict[str, str], order: list[str]
) -> None:
    before = {
        "torch": "8", "threads": "1", "numpy": "8", "host": "a", "driver": "8", "gpu": "A100", "python": "8",
        "cudnn": "8", "instruction set": "AVX-512", "switches": "A=1", "tf32": "False", "a key of tomorrow": "y",
    }  # fmt: skip
    found = changes(before | changed, before)
    assert [one.key for one in found] == order
    assert all(one.why for one in found if one.rank)
    assert [one.key for one in found if not one.rank] == [key for key in order if key in {"numpy", "host", "python"}]


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("torch build", "another build"),
        ("driver", "PTX"),
        ("cudnn", "each release of a library"),
        ("MKL_CBWR", "vector register"),
        ("OMP_NUM_THREADS", "between threads"),
        ("NVIDIA_TF32_OVERRIDE", "fewer or more bits"),
        ("float32 matmul precision", "fewer or more bits"),
        ("CUBLAS_WORKSPACE_CONFIG", "the switch"),
        ("TF_ENABLE_ONEDNN_OPTS", "the switch"),
        ("XLA_FLAGS", "the switch"),
        ("op determinism", "the switch"),
    ],
)
def test_a_key_has_the_reason_of_its_kind(key: str, why: str) -> None:
    [one] = changes({key: "a"}, {key: "b"})
    assert why in one.why


def test_every_key_of_a_host_has_a_row() -> None:
    job = TheirJob(check="", framework="", device="", profile="", trace="", log="", seed=0, round=1, threads=1)
    now = host(job)
    found = changes(now, {key: f"{value} x" for key, value in now.items()})
    assert [one.key for one in found if one.why == "it may choose other kernels"] == []


def test_a_key_that_was_not_recorded_is_no_change_to_blame_first() -> None:
    found = changes({"torch": "2", "cpu": "x"}, {"cpu": "y"})
    assert [(one.key, one.before) for one in found] == [("cpu", "y"), ("torch", "not recorded")]


def test_switches_are_told_one_by_one() -> None:
    [one] = changes({"switches": "A=1 XLA_FLAGS=--x=1 --y=2"}, {"switches": "A=1 XLA_FLAGS=--x=1"})
    assert str(one) == "XLA_FLAGS --y not set → 2"


def test_a_proof_is_not_saved_over_the_one_it_is_held_against(tmp_path: Path) -> None:
    (tmp_path / "proof.json").write_text("{}")
    (tmp_path / "link").symlink_to(tmp_path / "proof.json")
    require_apart(tmp_path / "other.json", tmp_path / "proof.json")
    require_apart(None, tmp_path / "proof.json")
    with pytest.raises(WrongInputError, match="--save would replace"):
        require_apart(tmp_path / "link", tmp_path / "proof.json")
