"""Machines of the public that work are not accused, nor are the lines that a healthy driver writes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup.doctor.examine import examine
from gpusetup.doctor.finding import Finding
from gpusetup.doctor.registry import all_rules
from gpusetup.machine.model import Machine
from tests.doctor.healthy_hosts import HEALTHY, healthy, names, read_log, said
from tests.doctor.machines import machine
from tests.doctor.public_reports import reports, still_open
from tests.each import each

RULES = all_rules()
OPEN: dict[str, dict[str, str]] = tomllib.loads((HEALTHY / "open.toml").read_text())
"""Case or line → rule → why what it says of it is wrong: a list that only shrinks."""
GROUPS: dict[str, dict[str, Any]] = tomllib.loads((HEALTHY / "lines.toml").read_text())
LINES = [(name, line) for name, group in GROUPS.items() for line in group["lines"]]


def accused(host: Machine) -> dict[str, Finding]:
    return {one.rule: one for one in examine(host, RULES.values()) if one.state in {"error", "warning"}}


@pytest.mark.parametrize("name", names())
def test_a_healthy_machine_is_not_accused(name: str, tmp_path: Path) -> None:
    host = healthy(name, tmp_path)
    found = accused(host.machine)
    assert set(found) == set(host.allowed) | set(OPEN.get(name, {})), {
        rule: (one.state, one.summary, one.evidence) for rule, one in found.items()
    }
    assert not [rule for rule in host.allowed if rule in found and found[rule].state == "error"]


@pytest.mark.parametrize(("name", "kept_up"), [("gcp-p100", "580"), ("gtx-1660-ti", "580, 595")])
def test_a_branch_that_drops_the_card_is_not_offered(name: str, kept_up: str, tmp_path: Path) -> None:
    found = accused(healthy(name, tmp_path).machine)["DRV102"]
    assert f"branches that are kept up longer: {kept_up}" in found.evidence


@each("name", names())
def test_a_case_says_where_it_comes_from(name: str) -> None:
    case = said(name)
    assert case["source"].startswith("https://")
    assert case["read"].isoformat() >= "2026-11-30"
    assert case["about"]
    assert all(word.replace(".", "").isdigit() for word in (case.get("driver", "1"), case.get("cuda", "1")))
    assert case.get("gpu") or case.get("change", {}).get("gpus") or case.get("log"), "nothing of the machine itself"
    assert all(len(why.split()) > 4 for why in case.get("allowed", {}).values()), "a reason, not a word"


@pytest.mark.parametrize(("group", "line"), LINES, ids=[f"{name}-{number}" for number, (name, _) in enumerate(LINES)])
def test_a_line_of_a_healthy_driver_is_not_a_fault(group: str, line: str, tmp_path: Path) -> None:
    host = machine(GROUPS[group].get("host", "desktop"))
    found = accused(with_log(host, tuple(read_log([line], tmp_path))))
    assert set(found) == set(OPEN.get(line, {})), [(one.rule, one.state, one.summary) for one in found.values()]


def with_log(host: Machine, log: tuple[str, ...]) -> Machine:
    kernel = msgspec.structs.replace(host.system.kernel, log=log)
    return msgspec.structs.replace(host, system=msgspec.structs.replace(host.system, kernel=kernel))


def test_the_corpus_is_as_large_as_it_says() -> None:
    assert len(names()) >= 40
    assert len({line for _, line in LINES}) >= 60
    assert set(OPEN) <= {*names(), *(line for _, line in LINES)}, "an entry of open.toml names nothing that is here"


def test_the_page_of_evidence_has_the_counts_of_the_corpus() -> None:
    page = (Path(__file__).parents[2] / "docs/evidence/doctor.md").read_text()
    counted = [re.split(r" *\| *", row)[2] for row in page.splitlines() if row.startswith(("| public", "| kernel log"))]
    assert counted == [str(len(reports())), str(len(names())), str(len(LINES))]
    assert f"{len(reports()) - len(still_open())} right, {len(still_open())} open" in page
    assert not OPEN, "the page says that none is accused"
