"""The command: what it refuses, what it prints, which interpreter it uses; with one real run of both frameworks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from gpusetup.cli.selftest import selftest
from gpusetup.errors import MissingError, WrongInputError
from gpusetup.selftest import frameworks
from gpusetup.selftest.proof import Proof
from gpusetup.value import schema
from tests.selftest.small_world import RIGHT, World, failed

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["--check", "grue"], "unknown check 'grue'", 2),
        (["--framework", "theano"], "'theano' is not one of", 2),
        (["--device", "gpu"], "unknown device 'gpu'", 2),
        (["--python", "torch"], "is not FRAMEWORK=PATH", 2),
        (["--python", "torch=/does/not/exist"], "cannot run /does/not/exist", 2),
        (["--python", "torch=/bin/false"], "cannot run /bin/false", 2),
        (["--baseline", "/does/not/exist.json"], "cannot read the proof file", 2),
        (["--checks", "/does/not/exist"], "/does/not/exist is not a folder", 2),
        (["--data", "/does/not/exist"], "/does/not/exist", 2),
        (["--data", "/proc/self/fd", "--check", "gru"], "has no *.txt", 2),
        (["--repeat", "0"], "--repeat", 2),
        (["--save", "/proc/proof.json"], "cannot write /proc/proof.json", 2),
        (["--json", "--format", "junit"], "--json and --format junit select two formats", 2),
    ],
)
def test_wrong_input_is_one_clear_line(gpusetup: Run, arguments: list[str], said: str, code: int) -> None:
    done = gpusetup("selftest", *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_corrupt_baseline_is_refused_before_anything_runs(gpusetup: Run, tmp_path: Path) -> None:
    (tmp_path / "proof.json").write_text("{")
    done = gpusetup("selftest", "--baseline", tmp_path / "proof.json", timeout=20)
    assert (done.returncode, "is not a saved proof" in done.stderr) == (2, True)


def test_the_list_names_every_check(gpusetup: Run) -> None:
    done = gpusetup("selftest", "--list")
    assert done.returncode == 0
    assert "gru: classifying names by language" in done.stdout


def test_without_a_framework_it_says_which_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frameworks, "_modules", lambda python: {"numpy"})
    with pytest.raises(MissingError, match="neither PyTorch nor TensorFlow") as caught:
        frameworks.interpreters((), {})
    assert "gpusetup[torch]" in caught.value.remedy
    assert caught.value.exit_code == 5
    with pytest.raises(MissingError, match=r"gpusetup\[tensorflow\]"):
        frameworks.interpreters(("tensorflow",), {})


def test_with_one_framework_that_one_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frameworks, "_modules", lambda python: {"numpy", "torch"})
    assert frameworks.interpreters((), {}) == {"pytorch": sys.executable}


def test_a_quick_run_leaves_jax_to_the_full_one_unless_it_is_all_there_is() -> None:
    every = dict.fromkeys(("tensorflow", "jax", "pytorch"), "python")
    assert set(frameworks.at_hand(every, quick=True)) == {"tensorflow", "pytorch"}
    assert frameworks.at_hand(every, quick=False) == every
    assert frameworks.at_hand({"jax": "python"}, quick=True) == {"jax": "python"}


def test_each_framework_runs_in_the_interpreter_it_is_in(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {sys.executable: {"numpy", "torch"}, "/other/python": {"numpy", "tensorflow"}}
    monkeypatch.setattr(frameworks, "_modules", there.__getitem__)
    found = frameworks.interpreters((), frameworks.parse(("tensorflow=/other/python",)))
    assert found == {"tensorflow": "/other/python", "pytorch": sys.executable}


def test_a_foreign_interpreter_needs_numpy_and_nothing_of_ours(world: World, tmp_path: Path) -> None:
    venv.create(tmp_path / "foreign", with_pip=False, symlinks=True)
    python = tmp_path / "foreign" / "bin" / "python"
    packages = next((tmp_path / "foreign").glob("lib/python*/site-packages"))
    for name in ("numpy", "numpy.libs"):
        source = Path(np.__file__).parent.with_name(name)
        if source.exists():
            (packages / name).symlink_to(source)
    nothing = subprocess.run([python, "-P", "-c", "import msgspec"], capture_output=True, check=False, cwd=tmp_path)
    assert nothing.returncode != 0
    world.add("clean", pytorch=RIGHT, tensorflow=RIGHT)
    proof = world.prove("clean", python=str(python))
    assert failed(proof) == []
    assert len(proof.runs) == 5


@pytest.mark.frameworks
def test_both_frameworks_are_proven_saved_and_hold_against_their_baseline(gpusetup: Run, tmp_path: Path) -> None:
    saved = tmp_path / "proof.json"
    first = gpusetup("selftest", "--check", "gru", "--device", "cpu", "--save", saved, timeout=240)
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stdout.startswith("PROVEN: pytorch and tensorflow")
    assert "Not proven: GPU" in first.stdout
    assert "Promised: L2" in first.stdout
    second = gpusetup(
        "selftest", "--check", "gru", "--framework", "pytorch", "--device", "cpu", "--baseline", saved, "--repeat", "1",
        "--json", timeout=240,
    )  # fmt: skip
    assert second.returncode == 0, second.stdout + second.stderr
    proof = msgspec.json.decode(second.stdout, type=Proof)
    baseline = {one.framework: one for one in proof.verdicts if one.kind == "baseline"}
    assert {framework: one.state for framework, one in baseline.items()} == dict.fromkeys(
        ("pytorch", "reference"), "passed"
    )
    assert "the same bits" in baseline["pytorch"].summary


@pytest.mark.frameworks
def test_a_proof_that_cannot_be_kept_is_still_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    nothing: dict[str, Any] = {"checks": {}, "environments": {}, "layouts": {}}
    nothing |= dict.fromkeys(("runs", "verdicts", "unproven"), ())
    proof = Proof(gpusetup="0", made_at="", profile="quick", seconds=1, **nothing)
    monkeypatch.setattr("gpusetup.selftest.prove.prove", lambda *_, **__: proof)
    monkeypatch.setattr(os, "fsync", full)
    done = CliRunner().invoke(selftest, ["--framework", "pytorch", "--save", str(tmp_path / "proof.json"), "--json"])
    assert msgspec.json.decode(done.stdout, type=Proof) == proof
    assert isinstance(done.exception, WrongInputError)
    assert not list(tmp_path.iterdir())


def test_swapped_gates_fail_and_the_report_says_where(gpusetup: Run, tmp_path: Path) -> None:
    own = tmp_path / "checks"
    shutil.copytree(Path(__file__).resolve().parents[2] / "checks" / "gru", own / "gru")
    file = own / "gru" / "tensorflow.py"
    file.write_text(file.read_text("utf-8").replace("_GATES = [1, 0, 2]", "_GATES = [0, 1, 2]"), "utf-8")
    done = gpusetup(
        "selftest", "--checks", own, "--check", "gru", "--framework", "tensorflow", "--device", "cpu",
        "--repeat", "1", timeout=240,
    )  # fmt: skip
    assert done.returncode == 1
    assert "PARITY gru · tensorflow · cpu" in done.stdout
    assert "first in hidden state, step 0" in done.stdout
    assert "gates' order" in done.stdout


def test_the_schema_is_published() -> None:
    assert json.dumps(schema(Proof))
    assert set(schema(Proof)["$defs"]) >= {"Kept", "Job", "Verdict", "Divergence", "Tensor"}
