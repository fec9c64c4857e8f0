"""Severities of a fleet's own: what changes, what is said of it, and what it cannot hide."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpusetup.doctor.finding import Finding
from gpusetup.doctor.outcome.severity import Severities, load
from gpusetup.doctor.registry import all_rules
from gpusetup.errors import WrongInputError
from gpusetup.machine.model import Machine
from tests.doctor.machines import machine
from tests.support import Run

RULES = all_rules()


def severities(text: str, folder: Path) -> Severities:
    file = folder / "severity.toml"
    file.write_text(f"[severity]\n{text}\n")
    return load(file, RULES.values())


def found(text: str, folder: Path, host: Machine) -> dict[str, Finding]:
    return {one.rule: one for one in severities(text, folder).examine(host, RULES.values()) if one.state != "ok"}


@pytest.mark.parametrize("name", ["PWR006", "pwr006", "persistence-off"])
def test_a_finding_takes_the_severity_that_is_set_and_says_so(name: str, tmp_path: Path) -> None:
    assert found(f'{name} = "error"', tmp_path, machine("h100_server")) == {}
    one = found(f'{name} = "error"', tmp_path, machine("h100_server", {"gpus": {"0": {"persistence": False}}}))[
        "PWR006"
    ]
    assert (one.state, one.evidence[-1].partition(" by ")[0]) == ("error", "severity changed from warning to error")


def test_a_rule_that_is_off_stays_in_the_report_and_counts_no_more(tmp_path: Path) -> None:
    off = machine("h100_server", {"gpus": {"0": {"persistence": False}}})
    one = found('PWR006 = "off"', tmp_path, off)["PWR006"]
    assert (one.state, one.silenced.partition(" by ")[0]) == ("skipped", "warning turned off")


def test_a_rule_that_is_off_hides_nothing_that_it_would_explain(tmp_path: Path) -> None:
    """FAB102 explains a GPU that is not registered; turned off, the GPU's own finding is there."""
    change = {"system": {"services!": []}, "gpus": {"0": {"fabric!": [1, 0]}}}
    broken = machine("h100_server", change)
    assert found('MEM005 = "info"', tmp_path, broken)["FAB002"].caused_by == "FAB102"
    assert found('FAB102 = "off"', tmp_path, broken)["FAB002"].state == "error"


def test_what_could_not_be_looked_at_stays_unknown(tmp_path: Path) -> None:
    blind = machine("h100_server", {"gpus": {"0": {"persistence": {"unread": "failed", "source": "x", "code": 999}}}})
    assert found('PWR006 = "info"', tmp_path, blind)["PWR006"].state in {"unknown", "skipped"}
    assert found('ANS002 = "off"\nPWR006 = "info"', tmp_path, blind)["PWR006"].state == "unknown"


def test_the_level_decides_whether_a_verdict_must_be_known(tmp_path: Path) -> None:
    rules = {one.id: one for one in severities('FAB002 = "info"\nPCI003 = "error"', tmp_path).required(RULES.values())}
    assert (RULES["FAB002"].required, rules["FAB002"].required) == (True, False)
    assert (RULES["PCI003"].required, rules["PCI003"].required) == (False, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[severity]\nMEM05 = "off"', "did you mean MEM005?"),
        ('[severity]\nMEM005 = "critical"', "$.severity"),
        ('[severities]\nMEM005 = "off"', "severit"),
        ('[severity]\nMEM005 = "off"\necc-disabled = "error"', "two severities"),
        ("[severity", "severity.toml"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "severity.toml"
    file.write_text(text)
    with pytest.raises(WrongInputError) as refused:
        load(file, RULES.values())
    assert words in str(refused.value)


def test_the_command_changes_its_exit_code(gpusetup: Run, tmp_path: Path) -> None:
    saved, file = tmp_path / "m.json", tmp_path / "severity.toml"
    host = json.loads((Path(__file__).parent / "hosts" / "h100_server.json").read_text())
    host["gpus"][0]["persistence"] = False
    saved.write_text(json.dumps(host))
    assert gpusetup("doctor", "--machine", saved).returncode == 0
    file.write_text('[severity]\npersistence-off = "error"\n')
    done = gpusetup("doctor", "--machine", saved, "--severity", file)
    assert (done.returncode, "severity changed from warning to error" in done.stdout) == (1, True)
    file.write_text('[severity]\npersistence-off = "off"\n')
    quiet = gpusetup("doctor", "--machine", saved, "--severity", file, "--fail-on", "info")
    assert (quiet.returncode, "silenced" in quiet.stdout) == (0, True)
