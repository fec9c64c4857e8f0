"""Every rule has a host that triggers it and a nearly identical one that does not."""

from __future__ import annotations

import pytest

from gpusetup.doctor.examine import examine, judge
from gpusetup.doctor.finding import Finding
from gpusetup.doctor.registry import all_rules
from gpusetup.machine.model import Machine
from tests.doctor.machines import HOSTS, Case, cases, machine
from tests.each import each
from tests.support import drawn

RULES = all_rules()
CASES = cases()


def said(rule: str, host: Machine) -> list[Finding]:
    return [one for one in examine(host, RULES.values()) if one.rule == rule]


@each("case", CASES, ids=lambda case: case.name)
def test_the_rule_fires_on_one_host_and_is_quiet_on_the_other(case: Case) -> None:
    rule = RULES[case.rule]
    assert case.state in {one.state for one in judge(rule, case.fires)}
    assert {one.state for one in judge(rule, case.quiet)} == {"ok"}


@each("case", drawn("cases among all rules", CASES, len(CASES) // 3), ids=lambda case: case.name)
def test_no_other_rule_hides_what_it_finds(case: Case) -> None:
    assert case.state in {one.state for one in said(case.rule, case.fires)}
    assert {one.state for one in said(case.rule, case.quiet)} == {"ok"}


def test_every_rule_has_both_hosts_and_every_case_a_rule() -> None:
    assert {case.rule for case in CASES} == set(RULES)


@pytest.mark.parametrize("host", [name for name in HOSTS if name != "no_gpu"])
def test_a_healthy_host_is_not_accused(host: str) -> None:
    assert [one for one in examine(machine(host), RULES.values()) if one.state != "ok"] == []


@each("name", RULES)
def test_a_rule_gives_no_more_than_its_worst_severity_and_says_how_it_knows(name: str) -> None:
    order = ["ok", "unknown", "info", "warning", "error"]
    rule = RULES[name]
    found = [one for case in CASES if case.rule == name for one in judge(rule, case.fires)]
    assert {one.state for one in found} <= {"unknown", *order[: order.index(rule.worst) + 1]}
    assert all(one.evidence and one.source for one in found if one.state != "ok")
    assert rule.worst in {one.state for one in found}, "no case reaches the worst severity that the rule claims"
