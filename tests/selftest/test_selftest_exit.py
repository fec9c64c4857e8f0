"""What could not be looked at is never proven: exit code, headline, JSON and JUnit of the command itself."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gpusetup.selftest.proof import Proof
from gpusetup.selftest.registry import Listed
from tests.selftest.small_world import RIGHT, STUB, World

Run = Callable[..., subprocess.CompletedProcess[str]]
NO_CARD = STUB.replace(
    "def prepare(job): pass",
    "def prepare(job):\n"
    "    if job.device != 'cpu':\n"
    "        raise RuntimeError(f'PyTorch 2.13.0+cpu cannot use {job.device}: it is False')",
)
SAYS = (
    "import os, sys\n"
    'os.write(int(sys.argv[1]), b\'\\n{"type": "Failed", "error": "E: PyTorch cannot use cuda:0: no"}\\n\')\n'
    "sys.exit(1)\n"
)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def prove(gpusetup: Run, world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = ("--checks", str(world.folder), "--check", "one", "--framework", "pytorch")
    return gpusetup("selftest", *own, *arguments, timeout=240)


@pytest.mark.usefixtures("shown")
def test_a_device_that_the_build_cannot_use_is_unproven(gpusetup: Run, world: World) -> None:
    (world.folder / "common" / "pytorch.py").write_text(NO_CARD)
    world.add("one", pytorch=RIGHT)
    done = prove(gpusetup, world, "--device", "cuda:0")
    assert done.returncode == 3
    said = " ".join(done.stdout.split())
    assert said.startswith("NOT PROVEN: nothing that was requested could be run")
    assert "run: unsupported: PyTorch 2.13.0+cpu cannot use cuda:0: it is False" in said
    assert "FAILED" not in said
    assert "Traceback" not in done.stdout + done.stderr
    suite = ET.fromstring(prove(gpusetup, world, "--device", "cuda:0", "--format", "junit").stdout)
    states = {(case.attrib["classname"], child.tag) for case in suite for child in case}
    assert ("one · pytorch · cuda:0", "error") in states
    assert suite.attrib["failures"] == "0"


@pytest.mark.usefixtures("shown")
def test_with_a_device_that_it_can_use_as_well_a_part_is_proven(gpusetup: Run, world: World) -> None:
    (world.folder / "common" / "pytorch.py").write_text(NO_CARD)
    world.add("one", pytorch=RIGHT)
    done = prove(gpusetup, world, "--device", "cpu", "--device", "cuda:0", "--json")
    proof = msgspec.json.decode(done.stdout, type=Proof)
    found = proof.conclusion
    assert found is not None
    assert found == proof.concluded()
    assert (done.returncode, found.state, found.right) == (3, "partly proven", {"pytorch": ("cpu",)})
    assert found.missing == ("one in pytorch on cuda:0",)


def test_an_import_that_says_what_it_lacks_is_unproven(world: World) -> None:
    (world.folder / "common" / "pytorch.py").write_text(SAYS)
    world.add("one", pytorch=RIGHT, tensorflow=RIGHT)
    proof = world.prove("one")
    ended = {(run.outcome, run.cause) for run in proof.runs if run.job.framework == "pytorch"}
    assert ended == {("unsupported", "E: PyTorch cannot use cuda:0: no")}
    assert (proof.concluded().state, proof.concluded().exit_code) == ("partly proven", 3)
    assert proof.concluded().right == {"tensorflow": ("cpu",)}


def test_what_is_named_and_cannot_be_run_is_missed(gpusetup: Run, world: World) -> None:
    world.add("one", pytorch=RIGHT)
    world.add("two", tensorflow=RIGHT)
    done = prove(gpusetup, world, "--check", "two", "--device", "cpu", "--format", "junit")
    assert done.returncode == 3
    unknown = [case for case in ET.fromstring(done.stdout) if case.find("error") is not None]
    assert [case.attrib["name"] for case in unknown if case.attrib["classname"] == "asked for"] == ["two"]


def test_one_round_that_was_asked_for_proves_numbers_and_no_repetition(gpusetup: Run, world: World) -> None:
    world.add("one", pytorch=RIGHT)
    done = prove(gpusetup, world, "--device", "cpu", "--repeat", "1")
    assert done.returncode == 0
    assert done.stdout.startswith("PROVEN: pytorch computed the right numbers on cpu (quick")
    assert "Promised: L3" in done.stdout
    assert "every process" not in done.stdout


def test_a_gate_is_shut_by_the_command_too(gpusetup: Run, world: World, tmp_path: Path) -> None:
    world.add("one", pytorch=RIGHT)
    saved = tmp_path / "proof.json"
    assert prove(gpusetup, world, "--device", "cpu", "--save", str(saved)).returncode == 0
    held = prove(gpusetup, world, "--device", "cpu", "--baseline", str(saved))
    assert (held.returncode, held.stdout[:7]) == (0, "PROVEN:")
    assert prove(gpusetup, world, "--device", "cpu", "--baseline", str(saved), "--seed", "5").returncode == 3
    file = world.folder / "one" / "pytorch.py"
    file.write_text(file.read_text("utf-8") + "\n# changed\n", "utf-8")
    shut = prove(gpusetup, world, "--device", "cpu", "--baseline", str(saved))
    assert (shut.returncode, shut.stdout[:56]) == (3, "NOT PROVEN: no run could be compared with the saved proof"[:56])
    over = prove(gpusetup, world, "--baseline", str(saved), "--save", str(saved))
    assert (over.returncode, "--save would replace" in over.stderr) == (2, True)


def test_a_list_for_programs(gpusetup: Run) -> None:
    for form in (("--json",), ("--format", "json")):
        done = gpusetup("selftest", "--list", *form)
        assert done.returncode == 0
        listed = msgspec.json.decode(done.stdout, type=list[Listed])
        assert {"gru", "exact"} <= {one.name for one in listed}
        assert set(json.loads(done.stdout)[0]) == set(Listed.__struct_fields__)
    done = gpusetup("selftest", "--list", "--format", "junit")
    assert (done.returncode, "--list does not support --format junit" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--data", "/does/not/exist"], "cannot read the folder /does/not/exist of --data: No such file or directory"),
        (["--data", "/etc/passwd"], "is a file"),
        (["--save", "/does/not/exist/proof.json"], "cannot write /does/not/exist/proof.json"),
        (["--baseline", "/dev/zero"], "has more than 64 MiB"),
        (["--baseline", "/etc/passwd"], "is not a saved proof"),
    ],
)
def test_a_file_that_will_not_do_is_one_clear_line(gpusetup: Run, arguments: list[str], said: str) -> None:
    done = gpusetup("selftest", "--check", "gru", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
