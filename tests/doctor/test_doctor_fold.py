"""Consequences are folded under their root cause, and nothing else is."""

from __future__ import annotations

import pytest

from gpusetup.doctor.catalogue import all_rules
from gpusetup.doctor.examine import examine
from gpusetup.doctor.rule import Rule, Verdicts, error, known, rule
from gpusetup.doctor.subjects import each_gpu
from gpusetup.machine.model import Gpu, Machine
from tests.doctor.machines import machine

RULES = all_rules()
NOT_LOADED = {"unread": "absent", "source": "nvmlInit", "detail": "NVML_ERROR_DRIVER_NOT_LOADED", "code": 9}
NO_MODULE = {"unread": "absent", "source": "/proc/driver/nvidia/version", "code": 2}


def problems(host: Machine) -> list[str]:
    return [one.rule for one in examine(host, RULES.values()) if one.state in {"error", "warning", "unknown", "info"}]


def test_a_kernel_update_is_the_one_thing_reported_when_the_module_was_not_built_for_it() -> None:
    change = {
        "gpus": NOT_LOADED,
        "driver": {"nvml": NOT_LOADED, "cuda": NOT_LOADED, "kernel_module": NO_MODULE, "module_license": NO_MODULE},
        "system": {"kernel": {"release": "6.20.1-200.fc44.x86_64", "modules!": [], "headers": False}},
        "device_nodes!": [],
        "pci": {"0": {"driver": ""}},
    }
    host = machine("desktop", change)
    assert problems(host) == ["KRN001"]
    folded = {one.rule: one.caused_by for one in examine(host, RULES.values()) if one.state == "skipped"}
    assert folded["DRV001"] == folded["GPU002"] == folded["PWR001"] == "KRN001"


def test_a_lost_gpu_silences_its_own_rules_and_no_other_gpus() -> None:
    lost = {"unread": "failed", "source": "nvml", "detail": "NVML_ERROR_GPU_IS_LOST", "code": 15}
    gone = {name: lost for name in Gpu.__struct_fields__ if name not in {"index", "name", "uuid", "pci_address"}}
    host = machine("h100_server", {"gpus": {"2": gone, "5": {"temperature": 95}}})
    found = {(one.rule, one.subject): one for one in examine(host, RULES.values())}
    assert found["GPU003", "GPU 2"].state == "error"
    assert found["PWR001", "GPU 2"].caused_by == "GPU003"
    assert found["PWR001", "GPU 5"].state == "warning"
    assert found["PWR001", "GPU 4"].state == "ok"
    assert problems(host) == ["GPU003", "PWR001"]


def test_the_root_of_a_chain_is_named_not_the_link_before() -> None:
    chain = examine(machine(), [made("AAA001"), made("AAA002", after=("AAA001",)), made("AAA003", after=("AAA002",))])
    assert [(one.rule, one.state, one.caused_by) for one in chain] == [
        ("AAA001", "error", ""),
        ("AAA002", "skipped", "AAA001"),
        ("AAA003", "skipped", "AAA001"),
    ]


def test_what_a_rule_has_seen_stands_though_its_cause_could_not_look() -> None:
    @rule("AAA001", "a-slug", "blind", worst="error", source="a test")
    def blind(machine: Machine) -> Verdicts:
        known(machine.system.secure_boot)
        yield error("never reached", "nothing")

    host = machine("container")
    states = {one.rule: one.state for one in examine(host, [blind, made("AAA002", after=("AAA001",))])}
    assert states == {"AAA001": "unknown", "AAA002": "error"}


def test_a_rule_that_raises_becomes_an_unknown_finding_that_names_it() -> None:
    @rule("AAA001", "a-slug", "broken", worst="error", over=each_gpu, source="a test")
    def broken(machine: Machine, gpu: Gpu) -> Verdicts:
        yield error(f"{1 // gpu.index}", "nothing")

    found = examine(machine("h100_server"), [broken])
    assert [one.state for one in found] == ["error"] * 7 + ["unknown"]
    assert found[-1].subject == "GPU 0"
    assert "AAA001 is at fault: ZeroDivisionError" in found[-1].evidence[0]


def test_a_version_that_cannot_be_understood_is_unknown_not_a_fault() -> None:
    change = {"driver": {"nvml": "five hundred", "kernel_module": "x", "user_library": "x"}}
    found = {one.rule: one for one in examine(machine("desktop", change), RULES.values())}
    assert found["DRV102"].state == "unknown"
    assert "five hundred" in found["DRV102"].evidence[0]
    assert not any("at fault" in line for one in found.values() for line in one.evidence)


@pytest.mark.parametrize("name", RULES)
def test_causes_are_rules_and_no_rule_is_its_own_cause(name: str) -> None:
    seen: set[str] = set()
    pending = list(RULES[name].after)
    while pending:
        cause = pending.pop()
        assert cause in RULES
        assert cause != name, f"{name} is among its own causes"
        if cause not in seen:
            seen.add(cause)
            pending += RULES[cause].after


def made(name: str, after: tuple[str, ...] = ()) -> Rule:
    @rule(name, "a-slug", "made for a test", worst="error", after=after, source="a test")
    def always(machine: Machine) -> Verdicts:
        yield error("always", "because")

    return always


def test_a_cause_that_could_not_look_because_of_another_does_not_hide_what_was_seen() -> None:
    @rule("AAA002", "a-slug", "blind because of AAA001", worst="error", after=("AAA001",), source="a test")
    def blind(machine: Machine) -> Verdicts:
        known(machine.system.secure_boot)
        yield error("never reached", "nothing")

    found = examine(machine("container"), [made("AAA001"), blind, made("AAA003", after=("AAA002",))])
    assert {one.rule: one.state for one in found} == {"AAA001": "error", "AAA002": "skipped", "AAA003": "error"}
