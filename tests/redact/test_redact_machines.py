"""A redacted machine loads, holds nothing that names it, and has the findings that it had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup.doctor.examine import examine
from gpusetup.doctor.registry import all_rules
from gpusetup.machine.host import Host
from gpusetup.machine.model import Machine
from gpusetup.machine.model.names import HostNames
from gpusetup.machine.system.people import read_names
from gpusetup.redact import redacted, redacted_machine
from gpusetup.redact.redactor import Redactor
from gpusetup.value import load, to_json
from tests.doctor.machines import HOSTS, Case, cases, machine
from tests.each import each
from tests.fake_host import FEDORA, grow
from tests.redact.test_redact_texts import LEAKS
from tests.support import Run, drawn

NAMES = HostNames(users=("ada", "grace"), own=("lovelace",), hosts=("babbage",))


def states(one: Machine) -> list[tuple[str, str]]:
    return sorted((finding.rule, finding.state) for finding in examine(one, all_rules().values()))


def again(one: Machine) -> Machine:
    return msgspec.json.decode(to_json(redacted_machine(one, NAMES)), type=Machine)


@pytest.mark.parametrize("host", HOSTS)
def test_a_healthy_host_has_the_same_findings(host: str) -> None:
    whole = machine(host)
    assert states(again(whole)) == states(whole)


@pytest.mark.slow
@each("case", lambda: drawn("redacted cases", cases(), 40), ids=lambda case: case.name)
def test_every_rule_finds_the_same(case: Case) -> None:
    for one in (case.fires, case.quiet):
        assert states(again(one)) == states(one)


@pytest.mark.parametrize("host", HOSTS)
def test_redacting_twice_is_redacting_once(host: str) -> None:
    once = again(machine(host))
    assert redacted_machine(once, NAMES) == once


def planted(text: str) -> Machine:
    """Return a machine that says `text` wherever a stranger's or a user's words get into one."""
    change: dict[str, Any] = {
        "system": {
            "pretty_name": text,
            "kernel": {"log+": [f"[ 5.0] NVRM: Xid (PCI:0000:01:00): 79, {text}", text], "modprobe!": [[text, text]]},
            "environment": {"XLA_FLAGS": text, "CUDA_VISIBLE_DEVICES": text, "LD_PRELOAD": text, "NVIDIA_X": text},
            "selinux_denials!": [text],
        },
        "toolkits!": {text: "13.0"},
        "gpus": {"unread": "failed", "source": text, "detail": text},
    }
    return machine("desktop", change)


@each("case", LEAKS)
def test_nothing_of_it_is_left_in_a_machine_or_a_report(case: str) -> None:
    text, *gone = LEAKS[case]
    whole = planted(text)
    assert all(json.dumps(part)[1:-1] in to_json(whole) for part in gone)
    saved = to_json(redacted_machine(whole, NAMES))
    assert not [part for part in gone if part in saved]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A saved machine that says all of it, and what must be gone."""
    said = [text for text, *_ in LEAKS.values()]
    path = tmp_path_factory.mktemp("leaks") / "m.json"
    whole = machine("desktop", {"gpus": {"unread": "failed", "source": "x", "detail": " | ".join(said)}})
    path.write_text(to_json(whole))
    return path, [part for _, *gone in LEAKS.values() for part in gone if part not in to_json(machine("desktop"))]


@pytest.mark.parametrize("form", ["text", "json", "junit", "github", "prometheus", "markdown"])
def test_nothing_of_it_leaves_by_any_format(form: str, everything: tuple[Path, list[str]], gpusetup: Run) -> None:
    path, gone = everything
    env = {"USER": "lovelace"}
    asked = gpusetup("doctor", "--machine", path, "--format", form, "--redact", env=env)
    assert asked.returncode == 3, "the GPUs could not be read"
    assert not [part for part in gone if part in asked.stdout and part != "BABBAGE"]
    if form in {"text", "markdown"}:
        plain = gpusetup("doctor", "--machine", path, "--format", form, env=env)
        assert ("S3cretPw" in plain.stdout) is (form == "text"), "the case shows nothing"


def test_a_file_is_redacted_unless_told_otherwise_and_says_so(tmp_path: Path, gpusetup: Run) -> None:
    files = FEDORA | {
        "/etc/passwd": "root:x:0:0::/root:/bin/sh\nbobby:x:1003:1003::/home/bobby:/bin/sh\n",
        "/etc/hostname": "trainbox7\n",
        "/etc/os-release": 'ID=fedora\nVERSION_ID=44\nPRETTY_NAME="Fedora of bobby on TRAINBOX7"\n',
    }
    root = grow(tmp_path / "host", files)
    for options, hidden in (([], True), (["--redact"], True), (["--no-redact"], False)):
        done = gpusetup("detect", "--sysroot", root, "--output", tmp_path / "m.json", *options)
        assert done.returncode == 0, done.stderr
        text = (tmp_path / "m.json").read_text()
        assert [name in text for name in ("bobby", "TRAINBOX7")] == [not hidden] * 2
        assert ("--no-redact" in done.stderr) is hidden
        load(tmp_path / "m.json", Machine)
    for options, hidden in (([], False), (["--redact"], True), (["--output", "-"], False)):
        assert ("bobby" in gpusetup("detect", "--sysroot", root, *options).stdout) is not hidden


def test_a_repair_cannot_be_redacted_and_says_why(gpusetup: Run) -> None:
    done = gpusetup("doctor", "--fix", "--redact")
    assert done.returncode == 2
    assert "leave out --redact" in done.stderr


def test_names_are_read_from_the_host_and_none_of_its_services(tmp_path: Path) -> None:
    root = grow(
        tmp_path,
        {
            "/etc/passwd": "root:x:0:0\ndaemon:x:2:2\nbobby:x:1003:1003\nnobody:x:65534:65534\nbroken\nx:y:z\n",
            "/etc/hostname": "gpu7.corp.example.net\n",
            "/etc/resolv.conf": "search corp.example.net fedoraproject.org\nnameserver 10.0.0.1\n",
            "/home/ldapuser/.bashrc": "",
        },
    )
    found = read_names(Host(root))
    assert found.users == ("bobby", "ldapuser")
    assert set(found.hosts) == {"gpu7.corp.example.net", "corp.example.net", "fedoraproject.org"}
    assert found.own == ()
    said = Redactor(found).text("gpu7 of corp.example.net reads fedoraproject.org, as fedoraproject says")
    assert not {"gpu7", "corp"} & set(said.replace(".", " ").split())
    assert "fedoraproject.org, as fedoraproject says" in said


def test_a_report_keeps_our_own_words() -> None:
    from gpusetup.doctor.finding import Finding, Remedy, Report

    one = Finding(rule="GPU001", state="error", subject="GPU 0", summary="s", remedy=Remedy(text="t", fix="lovelace"))
    done = redacted(Report(gpusetup="0.1", machine="m", findings=(one,)), NAMES)
    assert done.findings == (one,)
