"""Remedies: each is used, each has all its values, and what a host says is quoted for the shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from string import Formatter
from typing import Any

import pytest

from gpusetup.doctor.expect import rules_for
from gpusetup.doctor.expect.model import Expectations, Expected
from gpusetup.doctor.fixes import FAMILIES, HOST, ON_HOST, remedy, table
from gpusetup.doctor.image import image_rules
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.repair import reasons
from gpusetup.doctor.rule import Fix, RuleResult, UnreadError
from gpusetup.machine.model import Machine
from gpusetup.report.repair import ORDER
from tests.doctor.machines import cases, machine
from tests.doctor.test_doctor_image import cases as image_cases

KNOWN = [case for case in cases() if case.state != "unknown"]
RULES = all_rules()


def verdicts(host: Machine, name: str) -> list[RuleResult]:
    rule = RULES[name]
    places = [(host,)] if rule.over is None else [(host, item) for _, item in rule.over(host)]
    return [one for place in places for one in rule.judge(*place)]


def all_fixes() -> dict[str, Fix]:
    found = [one.fix for case in KNOWN for one in verdicts(case.fires, case.rule)]
    over_images = [
        one.fix for case in image_cases() for one in image_rules()[case.rule].judge(case.machine, case.image)
    ]
    unmet = rules_for(Expected(Expectations(gpus=9), "expected.toml"))["EXP001"]
    over_expectations = [one.fix for _, place in unmet.over(machine()) for one in unmet.judge(machine(), place)]  # type: ignore[misc]
    return {fix.name: fix for fix in (*found, *over_images, *over_expectations) if fix}


def test_every_remedy_in_the_table_is_used_by_a_rule() -> None:
    assert set(all_fixes()) == set(table())


@pytest.mark.parametrize("name", sorted(table()))
def test_a_remedy_has_words_and_commands_for_every_distribution(name: str) -> None:
    fix = all_fixes()[name]
    for distro in (*FAMILIES, "ubuntu", "slackware"):
        done = remedy(fix, machine("desktop", {"system": {"distro": distro}}))
        assert done.text
        assert not done.text.endswith(".")
        for command in done.commands:
            assert shlex.split(command), command
            assert "{" not in command.replace("{print", "")


def texts(row: dict[str, Any]) -> Iterator[str]:
    """Yield every text of a remedy that can hold a placeholder."""
    for value in row.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from value
        elif isinstance(value, dict):
            yield from texts(value)


@pytest.mark.parametrize("name", sorted(table()))
def test_the_values_that_a_rule_gives_are_those_that_the_table_asks_for(name: str) -> None:
    asked = {field for text in texts(table()[name]) for _, field, _, _ in Formatter().parse(text) if field}
    assert asked == set(all_fixes()[name].values)


@pytest.mark.parametrize("name", sorted(table()))
def test_a_remedy_has_either_a_step_or_a_reason_why_it_has_none(name: str) -> None:
    row = table()[name]
    assert set(row) <= {
        "text",
        "any",
        *FAMILIES,
        "ubuntu",
        "step",
        "check",
        "undo",
        "manual",
        "login",
        "wish",
        "under",
        "by_hand",
        "container",
    }
    assert ("step" in row) != ("by_hand" in row)
    if "step" in row:
        assert row["step"]
        assert set(row["step"]) <= set(row), "a step for a distribution that has no commands to print"
    else:
        assert row["by_hand"] in reasons()


def test_a_step_that_changes_a_named_file_says_in_which_folders_it_may_lie() -> None:
    for name, row in table().items():
        named = {"path", "folder"} & set(all_fixes()[name].values)
        assert bool(named and "step" in row) == ("under" in row), name
        assert all(folder.startswith("/") and not folder.endswith("/") for folder in row.get("under", ()))


@pytest.mark.parametrize("name", sorted(table()))
def test_inside_a_container_a_remedy_is_taken_to_the_host_or_gives_way(name: str) -> None:
    fix, at = all_fixes()[name], table()[name].get("container")
    inside = remedy(fix, machine("desktop", {"system": {"container": "podman", "distro": "fedora"}}))
    outside = remedy(fix, machine("desktop", {"system": {"container": "", "distro": "fedora"}}))
    if at is None:
        assert inside == outside
    elif at == HOST:
        assert inside.text == ON_HOST + outside.text
        assert len(inside.commands) == len(table()[name]["any"])
    else:
        assert inside == remedy(all_fixes()[at], machine())
        assert not all_fixes()[at].values
        assert "container" in inside.text


def test_nothing_but_the_host_can_mend_the_driver_of_a_container() -> None:
    """Whoever installs or loads a driver inside a container, or restarts it, mends nothing and may break it."""
    of_a_host = {"grubby", "modprobe", "dracut", "reboot", "akmods", "mokutil", "libcuda1", "nvidia-driver"}
    for name, row in table().items():
        of_distributions = [some for key, some in row.items() if isinstance(some, list) and key != "any"]
        words = {word for some in of_distributions for text in some for word in text.split()}
        assert "container" in row or not words & of_a_host, name


def test_every_reason_is_given_and_has_its_place_among_the_printed_ones() -> None:
    of_rows = {row["by_hand"] for row in table().values() if "by_hand" in row}
    of_findings = {"choice", "distribution", "image", "login", "note", "outside", "strange", "unseen"}
    assert of_rows | of_findings == set(reasons()) == set(ORDER)
    assert not of_rows & of_findings


def test_a_hostile_value_stays_one_word_of_the_command() -> None:
    evil = "6.1; rm -rf / #"
    done = remedy(Fix("install-headers", {"kernel": evil}), machine())
    assert shlex.split(done.commands[0])[-1] == f"kernel-devel-{evil}"


def test_no_rule_is_called_for_a_machine_it_cannot_judge() -> None:
    with pytest.raises(UnreadError):
        verdicts(machine("desktop", {"gpus": {"unread": "failed", "source": "nvmlInit"}}), "PWR001")
