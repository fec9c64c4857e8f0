"""``gpusetup fleet`` as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gpusetup.cli.fleet import fleet
from gpusetup.errors import WrongInputError
from tests.each import each
from tests.fleet.fleets import hosts
from tests.fleet.synthetic import Parts, lines, write
from tests.support import Run, chance


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    some = hosts(12, chance("fleet, command"))
    some["node00002"]["machine"]["gpus"][3]["pcie_width"] = [8, 16]
    some["node00004"]["machine"]["system"]["kernel"]["release"] = "5.15.0"
    some["node00006"]["machine"] = b"{"
    write(tmp_path / "fleet", some)
    return tmp_path / "fleet"


def _run(*words: str | Path, stream: bytes | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(fleet, [str(word) for word in words], input=stream)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_the_text_says_who_and_why(folder: Path) -> None:
    code, text = _run(folder)
    assert code == 1
    told = text.splitlines()
    assert told[0] == "12 hosts: 1 to drain, 1 cannot be judged, 1 needs attention, 9 are like their equals"
    assert "    ✗ GPU 3: PCIe lanes 8; 87 of 88 GPUs have 16" in told
    assert "    ! kernel 5.15.0; 10 of 11 hosts have 6.8.0-90-generic" in told
    assert "could not be read: " in text
    assert "Bits: 3 of 3 runs have the same bits on all devices" in told


def test_json_has_the_schedulers_reasons(folder: Path) -> None:
    code, text = _run(folder, "--json")
    found = json.loads(text)
    assert code == 1
    drained = [(one["name"], one["drain"]) for one in found["hosts"] if one["state"] == "drain"]
    assert drained == [("node00002", "GPU 3: PCIe lanes 8; 87 of 88 GPUs have 16")]


def test_a_stream_is_read_from_standard_input() -> None:
    some: dict[str, Parts] = hosts(3, chance("fleet, stream"), proofs=False)
    code, text = _run("-", stream=b"".join(lines(some)))
    assert (code, text.splitlines()[0]) == (0, "3 hosts: 3 are like their equals")


def test_one_long_document_is_read_from_standard_input() -> None:
    parts = hosts(1, chance("fleet, document"), proofs=False)["node00000"]
    code, text = _run("-", stream=json.dumps(parts["machine"], indent=2).encode())
    assert "NVIDIA H100 80GB HBM3: 1 host, 8 GPUs" in text
    assert (code, "nothing of it was judged" in text) == (3, True), "a machine alone says nothing"


def test_long_documents_one_after_the_other_are_read_from_standard_input() -> None:
    some = [parts["machine"] for parts in hosts(3, chance("fleet, documents"), proofs=False).values()]
    stream = b"".join(json.dumps(one, indent=2).encode() + b"\n" for one in some) + b"spoilt\n"
    code, text = _run("-", "--json", stream=stream)
    found = json.loads(text)
    assert (code, sum("machine" in one.get("has", ()) for one in found["hosts"])) == (3, 3)
    assert found["spoilt"][0]["file"] == f"standard input, line {stream.count(10)}"


@each("stream, why", [
    (b"[\n  {\n    1\n  }\n]\n", "it is an array"), (b"x\n" * 5000, "malformed"),
    (b"\n" * 9 + b"7\n" * 5000, "got `int`"),
])  # fmt: skip
def test_a_stream_of_nothing_is_one_unknown_and_no_host_a_line(stream: bytes, why: str) -> None:
    code, text = _run("-", "--json", stream=stream)
    found = json.loads(text)
    assert code == 3
    assert [(one["name"], one["state"], len(one["reasons"])) for one in found["hosts"]] == [
        ("standard input", "unknown", 1)
    ]
    assert why in found["hosts"][0]["reasons"][0]["text"]


def test_one_host_is_not_called_like_its_equals(tmp_path: Path) -> None:
    parts = hosts(1, chance("fleet, alone"))["node00000"]
    parts["report"]["findings"] = []
    write(tmp_path, {"node00000": parts})
    code, text = _run(tmp_path)
    assert (code, text.splitlines()[0]) == (0, "1 host: 1 has no equal to be compared with")


def test_proofs_alone_do_not_say_who_equals_whom(tmp_path: Path) -> None:
    some = hosts(2, chance("fleet, proofs"))
    write(tmp_path, {name: {"proof": parts["proof"]} for name, parts in some.items()})
    code, text = _run(tmp_path)
    assert (code, text.splitlines()[0]) == (0, "2 hosts: 2 with unknown GPUs show no fault")


def test_hosts_that_differ_without_a_majority_are_not_called_alike(tmp_path: Path) -> None:
    some = hosts(2, chance("fleet, two"), proofs=False)
    some["node00001"]["machine"]["system"]["kernel"]["release"] = "5.15.0"
    write(tmp_path, some)
    code, text = _run(tmp_path)
    like = "2 hosts: 2 are like their equals, except in kernel, where there is no majority"
    assert (code, text.splitlines()[0]) == (0, like)
    assert json.loads(_run(tmp_path, "--json")[1])["verdict"] == "attention"


@each(
    "kind, command", [("groups", "gpusetup fleet"), ("choices", "gpusetup plan"), ("pythons", "gpusetup facts matrix")]
)
def test_a_result_that_is_of_no_host_is_named(tmp_path: Path, kind: str, command: str) -> None:
    place = tmp_path / kind / "other.json"
    place.parent.mkdir()
    place.write_text(json.dumps({"version": 1, "verdict": "ok", "findings": [{"rule": "SET004"}], kind: []}))
    result = CliRunner().invoke(fleet, [str(place)])
    assert isinstance(result.exception, WrongInputError), "nothing else was given"
    assert f"other.json: it is the result of {command}, " in str(result.exception)
    write(place.parent, hosts(3, chance("fleet, other"), proofs=False))
    code, text = _run(place.parent)
    assert code == 3, "it may stand where a host's own was expected"
    assert f"could not be read: it is the result of {command}" in " ".join(text.split())


@each("form, says", [
    ("junit", 'name="node00002"'), ("github", "::error"), ("markdown", "node00002"), ("sarif", "node00002"),
])  # fmt: skip
def test_formats_of_ci_servers(folder: Path, form: str, says: str) -> None:
    code, text = _run(folder, "--format", form)
    assert code == 1
    assert says in text


def test_reports_are_written_beside_the_text(folder: Path, tmp_path: Path) -> None:
    assert _run(folder, "--reports", tmp_path / "out")[0] == 1
    assert json.loads((tmp_path / "out" / "result.json").read_text())["verdict"] == "drain"
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == [
        "junit.xml", "report.sarif", "result.json", "summary.md",
    ]  # fmt: skip


def test_a_difference_alone_fails_only_when_asked(tmp_path: Path) -> None:
    some = hosts(3, chance("fleet, fail on"), proofs=False)
    some["node00001"]["machine"]["system"]["kernel"]["release"] = "5.15.0"
    write(tmp_path, some)
    assert _run(tmp_path)[0] == 0
    assert _run(tmp_path, "--fail-on", "warning")[0] == 1


def test_expectations_are_held_against_each_host(tmp_path: Path) -> None:
    write(tmp_path / "fleet", hosts(3, chance("fleet, expected"), proofs=False))
    (tmp_path / "fleet.toml").write_text('[[group]]\nhosts = ["node[00000-00003]"]\n[group.expect]\ngpus = 4\n')
    code, text = _run(tmp_path / "fleet", "--expect", tmp_path / "fleet.toml")
    assert code == 1
    assert text.startswith("4 hosts: 3 to drain, 1 cannot be judged")
    assert "not as expected: this machine: the number of GPUs is 8 (8 on the PCI bus), expected 4" in text
    assert "it is expected, and nothing was given of it" in text


def test_a_wrong_path_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(fleet, [str(tmp_path / "none")])
    assert isinstance(result.exception, WrongInputError)


def test_the_program_has_the_command(gpusetup: Run, folder: Path) -> None:
    done = gpusetup("fleet", str(folder))
    assert done.returncode == 1
    assert done.stdout.startswith("12 hosts: 1 to drain")


def test_a_pipe_of_the_shell_is_read(folder: Path) -> None:
    script = f"{sys.executable} -m gpusetup fleet <(cat {folder}/node00000/machine.json)"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert "NVIDIA H100 80GB HBM3: 1 host, 8 GPUs" in done.stdout, done.stderr
