"""Machines that an older gpusetup saved: what it did not record is told once, and is neither healthy nor a failure."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import msgspec
import pytest

from gpusetup.doctor.examine import examine, judge
from gpusetup.doctor.finding import Finding
from gpusetup.doctor.once import forget
from gpusetup.doctor.outcome.to_finding import UNRECORDED
from gpusetup.doctor.outcome.verdict import basis, exit_code, headline, verdict
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.unrecorded import not_recorded
from gpusetup.machine.model import NOT_RECORDED, Unread
from gpusetup.machine.read import read
from tests.doctor.first_law import at, replaced
from tests.doctor.machines import HOSTS, Case, cases, machine
from tests.doctor.watched import Path, Watcher
from tests.each import each

RULES = all_rules()
FAILED = Unread(unread="failed", source="a test", detail="it broke")
SEEN = {"error", "warning", "info"}


class Asked(NamedTuple):
    """A reading that the rule of a case asks for, and that a later version added."""

    case: Case
    paths: tuple[Path, ...]

    @property
    def field(self) -> str:
        return "/".join("*" if isinstance(step, int) else step for step in self.paths[0])

    def without(self, instead: Unread) -> list[Finding]:
        """Return what the rule says where `instead` stands in place of the reading."""
        changed = functools.reduce(lambda one, path: replaced(one, path, instead), self.paths, self.case.fires)
        forget()
        return judge(RULES[self.case.rule], changed)


def _default(made: Any, path: Path) -> Any:
    kind = type(at(made, path[:-1]))
    return {one.name: one.default for one in msgspec.structs.fields(kind)}[str(path[-1])]


@functools.cache
def asked() -> list[Asked]:
    """Return one of each rule and reading: a later version added the reading, and the rule fires on the case."""
    found: dict[tuple[str, str], Asked] = {}
    for case in cases():
        if case.state in SEEN:
            forget()
            watcher = Watcher(case.fires)
            judge(RULES[case.rule], watcher.machine)
            by_field: dict[tuple[str | int, ...], list[Path]] = {}
            for path in watcher.asked:
                by_field.setdefault(tuple(0 if isinstance(step, int) else step for step in path), []).append(path)
            for paths in by_field.values():
                if _default(case.fires, paths[0]) == NOT_RECORDED and case.rule != "ANS025":
                    one = Asked(case, tuple(paths))
                    found.setdefault((case.rule, one.field), one)
    return list(found.values())


def older(value: Any) -> Any:
    """Return `value` as a version saved it that had none of the later readings."""
    if isinstance(value, tuple):
        return tuple(map(older, value))
    if not isinstance(value, msgspec.Struct):
        return value
    fields = msgspec.structs.fields(type(value))
    new = {one.name: NOT_RECORDED if one.default == NOT_RECORDED else older(getattr(value, one.name)) for one in fields}
    return msgspec.structs.replace(value, **new)


@pytest.mark.parametrize("host", HOSTS)
def test_an_older_saved_machine_is_judged_by_what_it_has_and_the_rest_is_told_once(host: str) -> None:
    saved = older(machine(host))
    found = examine(saved, RULES.values())
    assert not {one.rule for one in found if one.state == "unknown"}
    assert [one.rule for one in found if one.state == "info" and one.rule != "GPU001"] == ["ANS025"]
    assert exit_code(found, RULES.values(), "error") == 0
    assert basis(found).unrecorded
    assert "older version" in headline(found) or verdict(found) == "no-gpu"


@pytest.mark.parametrize("host", HOSTS)
def test_a_machine_that_lacks_a_reading_for_another_reason_is_unknown(host: str) -> None:
    saved = machine(host)
    broken = msgspec.structs.replace(saved, packages=FAILED)
    assert not not_recorded(broken)
    assert "unknown" in {one.state for one in examine(broken, RULES.values())} or host in {"container", "no_gpu"}


@pytest.mark.parametrize("host", HOSTS)
def test_the_examples_have_every_reading(host: str) -> None:
    assert not not_recorded(machine(host))


@each("one", asked, ids=lambda one: f"{one.case.rule}-{one.field}")
def test_a_reading_that_is_not_recorded_makes_a_rule_neither_well_nor_unknown(one: Asked) -> None:
    forget()
    fired = {finding.subject for finding in judge(RULES[one.case.rule], one.case.fires) if finding.state in SEEN}
    for finding in one.without(NOT_RECORDED):
        silent = finding.state == "ok" and not finding.evidence
        assert not (silent and finding.subject in fired), "well, without a word of what it did not look at"
        assert finding.state != "unknown"
        assert finding.state != "skipped" or finding.evidence[:1] == UNRECORDED


@pytest.mark.parametrize("rule", ["KRN001", "DRV004", "FAB001", "PWR012", "ANS018", "GPU009"])
def test_a_rule_finds_what_it_found_before_a_later_reading_existed(rule: str) -> None:
    later = {
        "KRN001": "packages",
        "DRV004": "system/kernel/module_file/version",
        "FAB001": "gpus/*/fabric",
        "PWR012": "system/uptime",
        "ANS018": "gpus/*/virtualization",
        "GPU009": "gpus/*/virtualization",
    }
    (one,) = [each for each in asked() if (each.case.rule, each.field) == (rule, later[rule])]
    assert {finding.state for finding in one.without(NOT_RECORDED)} & {"error", "warning", "info"}
    assert {finding.state for finding in one.without(FAILED)} & {"unknown"}, "a reading that failed is no older version"


def test_a_machine_read_now_has_every_reading(tmp_path: Any) -> None:
    assert not not_recorded(read(tmp_path, 5))


def test_a_machine_that_an_older_version_saved_has_no_wrong_clock_for_being_older_than_these_tables() -> None:
    """The tables of its own version are not known here: the day counts against those of the version that read it."""
    saved = machine(change={"read_at": "2025-01-01T00:00:00Z"})
    assert [one.state for one in judge(RULES["HST003"], saved)] == ["warning"]
    older_one = msgspec.structs.replace(saved, gpusetup="0.0.1")
    assert [(one.state, one.evidence[:1]) for one in judge(RULES["HST003"], older_one)] == [("skipped", UNRECORDED)]


@pytest.mark.parametrize(("saved_by", "state"), [("0.0.9", "skipped"), ("0.1.0", "warning"), ("0.2.0.dev1", "warning")])
def test_what_any_version_since_reads_is_not_missing_for_being_of_another_version(saved_by: str, state: str) -> None:
    change = {
        "gpus": {"0": {"fabric_cluster": "12345678-1234-1234-1234-123456789012"}},
        "device_majors+": [["nvidia-caps-imex-channels", 234]],
    }
    host = msgspec.structs.replace(machine("h100_server", change), gpusetup=saved_by)
    assert [one.state for one in judge(RULES["FAB206"], host)] == [state]
