"""Remedies: each is used, each has all its values, and what a host says is quoted for the shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from functools import cache
from itertools import product
from string import Formatter
from typing import Any

import pytest

from gpusetup.doctor.examine import judge
from gpusetup.doctor.expect import rules_for
from gpusetup.doctor.expect.model import Expectations, Expected
from gpusetup.doctor.image import image_rules
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.remedies.fixes import IN_IMAGE, OF_PACKAGES, ON_HOST, program, remedy, row, table
from gpusetup.doctor.remedies.model import HOST, RemedyRow
from gpusetup.doctor.remedies.repair import reasons
from gpusetup.doctor.remedies.system_kind import FAMILIES, IMAGES
from gpusetup.doctor.rule import Fix, RuleResult, UnreadError
from gpusetup.machine.model import Machine
from gpusetup.report.repair import ORDER
from tests.doctor.machines import cases, machine
from tests.doctor.test_doctor_image import cases as image_cases
from tests.each import each

KNOWN = [case for case in cases() if case.state != "unknown"]
RULES = all_rules()


def verdicts(host: Machine, name: str) -> list[RuleResult]:
    rule = RULES[name]
    places = [(host,)] if rule.over is None else [(host, item) for _, item in rule.over(host)]
    return [one for place in places for one in rule.judge(*place)]


@cache
def all_fixes() -> dict[str, Fix]:
    found = [one.fix for case in KNOWN for one in verdicts(case.fires, case.rule)]
    found += [
        Fix(one.remedy.fix, one.remedy.values)
        for case in KNOWN
        for one in judge(RULES[case.rule], case.fires)
        if one.remedy
    ]
    over_images = [
        one.fix for case in image_cases() for one in image_rules()[case.rule].judge(case.machine, case.image)
    ]
    unmet = rules_for(Expected(Expectations(gpus=9), "expected.toml"))["EXP001"]
    over_expectations = [one.fix for _, place in unmet.over(machine()) for one in unmet.judge(machine(), place)]  # type: ignore[misc]
    return {fix.name: fix for fix in (*found, *over_images, *over_expectations) if fix and fix.name}


@cache
def a_system(**said: str) -> Machine:
    return machine("desktop", {"system": said})


def test_every_remedy_in_the_table_is_used_by_a_rule() -> None:
    """Directly, inside a container, or in a circumstance that another names."""
    inside = {one.container for one in table().values()} - {"", HOST}
    assert set(all_fixes()) | inside == set(table())


@each("name", sorted(table()))
def test_a_remedy_has_words_and_commands_for_every_distribution(name: str) -> None:
    fix = all_fixes()[name]
    for distro in (*FAMILIES, "ubuntu", "slackware"):
        done = remedy(fix, a_system(distro=distro))
        assert done.text
        assert not done.text.endswith(".")
        for command in done.commands:
            assert shlex.split(command), command
            assert "{" not in command.replace("{print", "")


def texts(value: Any) -> Iterator[str]:
    """Yield every text of a remedy that can hold a placeholder."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list):
        yield from (text for one in value for text in texts(one))
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for text in texts(pair))
    elif isinstance(value, RemedyRow):
        yield from (
            text for name in value.__struct_fields__ if name != "source" for text in texts(getattr(value, name))
        )


@each("name", sorted(table()))
def test_the_values_that_a_rule_gives_are_those_that_the_table_asks_for(name: str) -> None:
    asked = {field for text in texts(table()[name]) for _, field, _, _ in Formatter().parse(text) if field}
    assert asked == set(all_fixes()[name].values)


@each("name", sorted(table()))
def test_a_remedy_has_either_a_step_or_a_reason_why_it_has_none(name: str) -> None:
    one = row(name)
    assert one.source
    assert (one.step is not None) == (not one.by_hand)
    if one.step is not None:
        assert one.step
        assert set(one.step) <= set(one.commands), "a step for a system that has no commands to print"
    else:
        assert one.by_hand in reasons()


def test_a_step_that_changes_a_named_file_says_in_which_folders_it_may_lie() -> None:
    for name, one in table().items():
        named = {"path", "folder"} & set(all_fixes()[name].values) if name in all_fixes() else set()
        assert bool(named and one.step is not None) == bool(one.under), name
        assert all(folder.startswith("/") and not folder.endswith("/") for folder in one.under)


@each("name", sorted(table()))
def test_inside_a_container_a_remedy_is_taken_to_the_host_or_gives_way(name: str) -> None:
    fix, at = all_fixes()[name], row(name).container
    inside = remedy(fix, a_system(container="podman", distro="fedora"))
    outside = remedy(fix, a_system(container="", distro="fedora"))
    if not at:
        assert inside == outside
    elif at == HOST:
        assert inside.text == ON_HOST + outside.text
        assert len(inside.commands) == len(row(outside.fix).commands.get("any", ()))
    else:
        assert inside == remedy(all_fixes()[at], machine())
        assert not all_fixes()[at].values
        assert "container" in inside.text


def test_nothing_but_the_host_can_repair_the_driver_of_a_container() -> None:
    """Whoever installs or loads a driver inside a container, or restarts it, repairs nothing and may break it."""
    of_a_host = {"grubby", "modprobe", "dracut", "reboot", "akmods", "mokutil", "libcuda1", "nvidia-driver"}
    for name, one in table().items():
        of_distributions = [some for key, some in one.commands.items() if key not in {"any", "lxc"}]
        words = {word for some in of_distributions for text in some for word in text.split()}
        assert one.container or not words & of_a_host, name


def test_every_reason_is_given_and_has_its_place_among_the_printed_ones() -> None:
    of_rows = {one.by_hand for one in table().values() if one.by_hand}
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


@each("name, image", product(sorted(table()), sorted(set(IMAGES))))
def test_nothing_that_changes_packages_is_printed_for_a_system_that_is_replaced_as_a_whole(
    name: str, image: str
) -> None:
    done = remedy(all_fixes()[name], a_system(image=image))
    assert not {program(command) for command in done.commands} & set(OF_PACKAGES)


def test_an_image_without_commands_of_its_own_is_said_to_be_one() -> None:
    fix = Fix("load-uvm", {})
    assert not remedy(fix, machine("desktop", {"system": {"image": "bootc"}})).text.startswith(IN_IMAGE)
    headers = remedy(Fix("install-headers", {"kernel": "6.1"}), machine("desktop", {"system": {"image": "bootc"}}))
    assert headers.text.startswith(IN_IMAGE)
    assert not headers.commands


def test_a_derivative_gets_the_commands_of_what_it_is_like() -> None:
    like = machine("desktop", {"system": {"distro": "nobara", "distro_like": ["rhel", "centos", "fedora"]}})
    assert remedy(Fix("install-headers", {"kernel": "6.1"}), like).commands == ("sudo dnf install kernel-devel-6.1",)
    zorin = machine("desktop", {"system": {"distro": "zorin", "distro_like": ["ubuntu", "debian"]}})
    assert remedy(Fix("install-driver", {}), zorin).commands == ("sudo ubuntu-drivers install",)


@pytest.mark.parametrize("container", ["lxc", "kubernetes", "lxc-libvirt"])
def test_no_engine_is_started_in_lxc_or_in_a_pod(container: str) -> None:
    inside = machine("container", {"system": {"container": container}})
    for name, fix in all_fixes().items():
        if row(name).container and name not in {"glibc-image"}:
            assert not any(
                command.startswith(("podman run", "docker run")) for command in remedy(fix, inside).commands
            ), name


def test_a_system_of_fedoras_family_that_builds_with_dkms_is_sent_to_no_akmods() -> None:
    rocky = machine(
        "desktop",
        {
            "system": {"distro": "rocky", "kernel": {"builds!": []}},
            "packages!": [{"manager": "rpm", "name": "kmod-nvidia-open-dkms", "version": "1"}],
        },
    )
    done = remedy(Fix("install-cxx", {"kernel": "6.12"}), rocky)
    assert done.commands == ("sudo dnf install gcc-c++", "sudo dkms autoinstall -k 6.12")
    assert "akmods" in remedy(Fix("install-cxx", {"kernel": "6.12"}), machine()).commands[1]


@pytest.mark.parametrize(
    ("name", "on_disk", "image", "expected"),
    [
        ("updated while it runs", "595.95.05", "", "restart"),
        ("the module on disk is the loaded one", "595.91.07", "", "same-version"),
        ("of an image", "595.91.07", "ostree", "image-rollback"),
    ],
)
def test_a_restart_is_advised_only_where_another_module_is_on_disk(
    name: str, on_disk: str, image: str, expected: str
) -> None:
    kernel = {"module_file": {"version": on_disk}}
    change = {"driver": {"user_library": "595.95.05"}, "system": {"image": image, "kernel": kernel}}
    (one,) = judge(RULES["DRV004"], machine("desktop", change))
    assert one.remedy is not None
    assert one.remedy.fix == expected, name
