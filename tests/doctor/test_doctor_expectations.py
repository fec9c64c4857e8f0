"""Expectations: each is quiet where it is met, says what it found where not, and never calls a blind look well."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup.doctor.examine import examine
from gpusetup.doctor.expect import KEYS, expectation_rules, load, rules_for
from gpusetup.doctor.expect.model import Expectations, Expected
from gpusetup.doctor.expect.ranges import in_range
from gpusetup.doctor.finding import Finding
from gpusetup.doctor.registry import all_rules
from gpusetup.errors import WrongInputError
from gpusetup.machine.model import Machine, Unread
from tests.doctor.first_law import Tally, question
from tests.doctor.machines import HERE, laid_over, machine
from tests.doctor.watched import Watcher
from tests.support import Run

CASES: dict[str, dict[str, Any]] = tomllib.loads((HERE / "expectations.toml").read_text())
NAMES = sorted(CASES)


def expected(text: str, folder: Path) -> Expected:
    file = folder / "expected.toml"
    file.write_text(text)
    return load(file)


def said(case: dict[str, Any], folder: Path, *, unmet: bool) -> list[Finding]:
    text = case.get("unmet", case["said"]) if unmet else case["said"]
    rules = rules_for(expected(text, folder))
    return [one for one in examine(host(case, unmet=unmet), rules.values()) if one.state != "ok"]


def host(case: dict[str, Any], *, unmet: bool) -> Machine:
    base = json.loads(msgspec.json.encode(machine("h100_server", case.get("base", {}))))
    return msgspec.convert(laid_over(base, case.get("change", {}) if unmet else {}), Machine)


@pytest.mark.parametrize("name", NAMES)
def test_an_expectation_is_quiet_where_it_is_met_and_speaks_where_not(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    assert said(case, tmp_path, unmet=False) == []
    found = said(case, tmp_path, unmet=True)
    assert {(one.rule, one.state) for one in found} == {(name.partition("-")[0], "error")}
    assert case["words"] in {one.summary for one in found}
    assert all(str(tmp_path) in one.evidence[0] for one in found)


def test_every_rule_has_a_case() -> None:
    assert {name.partition("-")[0] for name in NAMES} == set(expectation_rules())
    assert not set(expectation_rules()) & set(all_rules())


def test_every_key_has_a_rule() -> None:
    assert set(KEYS) == set(expectation_rules())
    assert sorted(key for keys in KEYS.values() for key in keys) == sorted(Expectations.__struct_fields__)


@pytest.mark.parametrize("name", NAMES)
def test_what_could_not_be_read_never_meets_an_expectation(name: str, tmp_path: Path) -> None:
    plain, tally = host(CASES[name], unmet=False), Tally()
    watcher = Watcher(plain)
    for rule in rules_for(expected(CASES[name]["said"], tmp_path)).values():
        question(rule, watcher, plain, tally)
    assert tally.breaches == []


def test_an_nvml_that_does_not_answer_leaves_the_expectations_unknown(tmp_path: Path) -> None:
    silent = machine("h100_server", {"gpus!": {"unread": "failed", "source": "nvmlInit", "code": 999}})
    found = examine(silent, rules_for(expected('gpus = 8\nmodel = "H100"', tmp_path)).values())
    assert {one.rule: one.state for one in found if one.state != "ok"} == {"EXP001": "unknown", "EXP002": "unknown"}


def test_a_bus_with_too_few_gpus_is_reported_though_nvml_is_silent(tmp_path: Path) -> None:
    silent = machine("h100_server", {"gpus!": {"unread": "failed", "source": "nvmlInit", "code": 999}})
    assert not isinstance(silent.pci, Unread)
    found = examine(
        msgspec.structs.replace(silent, pci=silent.pci[:7]), rules_for(expected("gpus = 8", tmp_path)).values()
    )
    assert found[0].summary == "the number of GPUs is 7 on the PCI bus, expected 8"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("gpu = 8", "gpu"),
        ("", "nothing"),
        ('driver = "five"', "driver"),
        ('cuda = ">= "', "cuda"),
        ("gpus = -1", "$.gpus"),
        ('[pcie]\nwidth = "x16"', "$.pcie.width"),
        ('[services]\nx = "up"', "$.services"),
        ("model = []", "$.model"),
        ("gpus = 8\ngpus = 9", "overwrite"),
        ("\x00", ""),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(text: str, place: str, tmp_path: Path) -> None:
    with pytest.raises(WrongInputError) as refused:
        expected(text, tmp_path)
    assert str(tmp_path / "expected.toml") in refused.value.message
    assert place in refused.value.message


@pytest.mark.parametrize(
    ("version", "wanted", "meets"),
    [
        ("580.159.04", "580", True),
        ("580.159.04", "580.65", False),
        ("580.159.04", ">=580.65.06, <590", True),
        ("580.65.06", ">580.65.06", False),
        ("580.65", ">=580.65.00", True),
        ("590.44.01", "!=590.44.01", False),
        ("13.0", ">=12.8", True),
        ("12.4", ">=12.8", False),
    ],
)
def test_ranges_compare_numbers_and_not_texts(version: str, wanted: str, meets: bool) -> None:
    assert in_range(version, wanted) is meets


def test_the_command_holds_a_machine_against_its_file(gpusetup: Run, tmp_path: Path) -> None:
    saved, file = HERE / "hosts" / "h100_server.json", tmp_path / "hgx.toml"
    file.write_text('gpus = 8\nmodel = "H100"\n')
    met = gpusetup("doctor", "--machine", saved, "--expect", file)
    assert (met.returncode, "healthy" in met.stdout) == (0, True)
    file.write_text("gpus = 9\n")
    done = gpusetup("doctor", "--machine", saved, "--expect", file)
    assert (done.returncode, "expected 9" in done.stdout) == (1, True)
    alone = gpusetup("doctor", "--machine", saved, "--expect", file, "--only", "EXP", "--json")
    assert {one["rule"][:3] for one in json.loads(alone.stdout)["findings"]} == {"EXP"}
    file.write_text("gpsu = 9\n")
    wrong = gpusetup("doctor", "--machine", saved, "--expect", file)
    assert (wrong.returncode, "gpsu" in wrong.stderr) == (2, True)
    assert "expected-gpu-count" in gpusetup("doctor", "--explain", "EXP001").stdout
