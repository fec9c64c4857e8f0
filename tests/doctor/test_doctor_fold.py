"""Consequences are folded under their root cause, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from gpusetup.doctor.examine import examine
from gpusetup.doctor.gpu.subjects import each_card, each_gpu
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.rule import Rule, RuleResults, error, known, rule, warning
from gpusetup.doctor.stage import PLACE, STAGES
from gpusetup.machine.model import Gpu, Machine, PciGpu
from tests.doctor.fault_pairs import fault_pairs, hidden, is_allowed
from tests.doctor.machines import Case, cases, machine
from tests.each import each
from tests.support import chance, drawn, share

RULES = all_rules()
CASES = cases()
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
    def blind(machine: Machine) -> RuleResults:
        known(machine.system.secure_boot)
        yield error("never reached", "nothing")

    host = machine("container")
    states = {one.rule: one.state for one in examine(host, [blind, made("AAA002", after=("AAA001",))])}
    assert states == {"AAA001": "unknown", "AAA002": "error"}


def test_a_rule_that_raises_becomes_an_unknown_finding_that_names_it() -> None:
    @rule("AAA001", "a-slug", "broken", worst="error", over=each_gpu, source="a test")
    def broken(machine: Machine, gpu: Gpu) -> RuleResults:
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


@pytest.mark.parametrize("text", ["9" * 5_000, "-" + "9" * 5_000, "\u00b2"])
def test_what_python_makes_no_number_of_is_no_fault(text: str) -> None:
    """Python refuses more than 4,300 digits, and takes a superscript for a digit that is no number."""
    variables = dict.fromkeys(("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NVCC_CCBIN"), text)
    change = {
        "system": {"environment": variables, "gcc": text, "allowed_cpus": text, "kernel": {"release": text}},
        "driver": {"parameters!": [["DeviceFileMode", text]]},
        "toolkits": {"/usr/local/cuda-13.2": "13.2.0"},
        "pci": {"0": {"local_cpus": text}},
    }
    for host in (machine("desktop", change), machine("desktop", {**change, "system": {"gcc": text}})):
        found = examine(host, RULES.values())
        assert not any("at fault" in line for one in found for line in one.evidence)


def test_a_toolkit_whose_version_cannot_be_understood_hides_no_other_rule() -> None:
    change = {"toolkits": {"/usr/local/cuda-202611301411": "202611301411"}, "gpus": {"0": {"temperature": 120}}}
    found = {one.rule: one for one in examine(machine("desktop", change), RULES.values())}
    assert found["TKT001"].state == "unknown"
    assert "'202611301411' is not a CUDA version" in found["TKT001"].evidence[0]
    assert found["PWR001"].state == "warning"
    assert not any("at fault" in line for one in found.values() for line in one.evidence)


@each("name", RULES)
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


@each("rule", RULES.values(), ids=lambda rule: rule.id)
def test_stages_are_known_and_after_names_no_rule_that_a_stage_names_already(rule: Rule) -> None:
    assert rule.stage in STAGES
    assert {rule.blocks, rule.reads} <= {"", *STAGES}
    assert not rule.blocks or PLACE[rule.blocks] >= PLACE[rule.stage], "an earlier stage works already"
    implied = [name for name in rule.after if rule.symptom and _blocks(RULES[name], rule.stage)]
    assert not implied, f"{rule.id}: {implied} block its stage, which says it already"


def _blocks(cause: Rule, stage: str) -> bool:
    return cause.blocks != "" and PLACE[cause.blocks] <= PLACE[stage]


def shown(host: Machine, rules: Iterable[Rule]) -> set[tuple[str, str, str]]:
    """Return what a user is shown: rule, subject and state."""
    return {(one.rule, one.subject, one.state) for one in examine(host, rules) if one.state not in {"ok", "skipped"}}


@each("case", drawn("order of the rules", CASES, 150), ids=lambda case: case.name)
def test_what_is_shown_does_not_depend_on_the_order_of_the_rules(case: Case) -> None:
    assert shown(case.fires, RULES.values()) == shown(case.fires, reversed(RULES.values()))


AWAY = {"kernel_module": NO_MODULE, "module_license": "NVIDIA", "nvml": NOT_LOADED, "cuda": NOT_LOADED}
NOT_LOADED_HOST = {
    "gpus": NOT_LOADED,
    "driver": AWAY | {"user_library": "610.57.04"},
    "system": {"kernel": {"modules!": []}},
}
LEGACY = {"device_id": "1c8d", "driver": ""}


def test_a_legacy_card_explains_a_module_that_is_not_loaded() -> None:
    shown = problems(machine("desktop", NOT_LOADED_HOST | {"pci": {"0": LEGACY}}))
    assert (shown[0], "KRN002" in shown) == ("DRV101", False)


def test_a_legacy_card_beside_one_that_is_driven_explains_nothing_of_the_machine() -> None:
    (card,) = known(machine("desktop").pci)
    second = msgspec.to_builtins(card) | LEGACY | {"address": "0000:05:00.0"}
    shown = problems(machine("desktop", NOT_LOADED_HOST | {"pci+": [second]}))
    assert {"DRV101", "KRN002"} <= set(shown), "the other card could be driven, were the module loaded"


def test_a_fault_of_one_card_explains_nothing_of_another() -> None:
    @rule("AAA001", "a-slug", "lost", worst="error", blocks="firmware", stage="bus", source="a test")
    def lost(machine: Machine) -> RuleResults:
        yield error("lost", "because", subject="PCI 0000:1b:00")

    @rule("AAA002", "a-slug", "missing", worst="error", symptom=True, over=each_card, source="a test")
    def missing(machine: Machine, card: PciGpu) -> RuleResults:
        yield error("missing", "because")

    @rule("AAA003", "a-slug", "named", worst="error", after=("AAA001",), over=each_card, source="a test")
    def named(machine: Machine, card: PciGpu) -> RuleResults:
        yield error("named", "because")

    folded = [
        one for one in examine(machine("h100_server", {"gpus": NOT_LOADED}), [lost, missing, named]) if one.caused_by
    ]
    first = "PCI 0000:1b:00.0"
    assert [(one.rule, one.subject) for one in folded] == [("AAA002", first), ("AAA003", first)]


@pytest.mark.parametrize(("name", "state"), [("AAA001", "error"), ("GPU001", "warning")])
def test_a_warning_that_explains_why_a_framework_fails_is_an_error(name: str, state: str) -> None:
    """Else a program that cannot be imported would end with exit code 0; that no GPU is there is no fault by itself."""

    @rule(name, "a-slug", "warned of", worst="warning", source="a test")
    def warned(machine: Machine) -> RuleResults:
        yield warning("it may fail", "because")

    failed = made("AAA002", after=(name,), stage="framework")
    found = {one.rule: one for one in examine(machine(), [warned, failed, quiet_rule()])}
    assert (found[name].state, found["AAA002"].state) == (state, "skipped")
    alone = {one.rule: one for one in examine(machine(), [warned, quiet_rule(after=(name,))])}
    assert alone[name].state == "warning"


def quiet_rule(after: tuple[str, ...] = ()) -> Rule:
    @rule("AAA009", "a-slug", "only warns", worst="warning", after=after, source="a test")
    def warns(machine: Machine) -> RuleResults:
        yield warning("a warning", "because")

    return warns


def test_of_several_roots_what_explains_and_sits_earliest_comes_first() -> None:
    rules = [
        made("AAA001", stage="framework"),
        made("AAA002", stage="kernel module", blocks="kernel module"),
        made("AAA003", stage="bus", blocks="firmware"),
        made("AAA004", stage="bus"),
        made("AAA005", stage="framework", symptom=True),
    ]
    assert [(one.rule, one.caused_by) for one in examine(machine("desktop", {"gpus": NOT_LOADED}), rules)] == [
        ("AAA003", ""),
        ("AAA004", ""),
        ("AAA002", ""),
        ("AAA001", ""),
        ("AAA005", "AAA003"),
    ]


def test_what_a_reading_says_caused_it_is_followed_to_the_root() -> None:
    @rule("AAA002", "a-slug", "an echo", worst="error", source="a test")
    def echo(machine: Machine) -> RuleResults:
        yield error("an echo", "a later line of the log", caused_by="AAA001")

    found = examine(machine(), [made("AAA001", after=("AAA000",)), echo, made("AAA000")])
    assert [(one.rule, one.caused_by) for one in found] == [("AAA000", ""), ("AAA001", "AAA000"), ("AAA002", "AAA000")]


PAIRS = 150
"""Drawn from the pairs of faults on one host, some 30,000; ``benchmarks/fault_pairs.py`` looks at all of them."""


def test_no_fault_of_its_own_is_folded_under_another() -> None:
    """A fault that is there without the other one is shown beside it, unless its rule says that it is a consequence."""
    found = {pair: hidden(*pair) for pair in chance("pairs of faults").sample(list(fault_pairs()), share(PAIRS))}
    assert sum(one is not None for one in found.values()) > len(found) * 0.8, "most pairs can be laid over each other"
    wrong = {pair: one for pair, some in found.items() for one in some or () if not is_allowed(one)}
    assert not wrong


def made(name: str, after: tuple[str, ...] = (), *, stage: str = "", blocks: str = "", symptom: bool = False) -> Rule:
    @rule(
        name, "a-slug", "made for a test", worst="error", after=after, stage=stage, blocks=blocks, symptom=symptom,
        source="a test",
    )  # fmt: skip
    def always(machine: Machine) -> RuleResults:
        yield error("always", "because")

    return always


def test_a_cause_that_could_not_look_because_of_another_does_not_hide_what_was_seen() -> None:
    @rule("AAA002", "a-slug", "blind because of AAA001", worst="error", after=("AAA001",), source="a test")
    def blind(machine: Machine) -> RuleResults:
        known(machine.system.secure_boot)
        yield error("never reached", "nothing")

    found = examine(machine("container"), [made("AAA001"), blind, made("AAA003", after=("AAA002",))])
    assert {one.rule: one.state for one in found} == {"AAA001": "error", "AAA002": "skipped", "AAA003": "error"}


def test_a_message_that_names_a_gpu_disproves_that_there_is_none() -> None:
    line = "[    1.0] NVRM: GPU 0000:01:00.0: RmInitAdapter failed! ignoring the legacy GPU 0000:01:00.0"
    no_bus = {"pci!": [], "gpus": NOT_LOADED, "driver": AWAY}
    log = {"system": {"kernel": {"log!": [line], "modules!": []}}}
    found = {one.rule: one for one in examine(machine("desktop", no_bus | log), RULES.values())}
    assert (found["LOG006"].state, found["GPU001"].caused_by) == ("error", "LOG006")
    unread = {"system": {"kernel": {"log!": {"unread": "denied", "source": "/dev/kmsg"}}}}
    blind = {"pci!": {"unread": "failed", "source": "/sys/bus/pci"}, "gpus": NOT_LOADED, "driver": AWAY}
    found = {one.rule: one for one in examine(machine("desktop", blind | unread), RULES.values())}
    assert found["GPU001"].state == "unknown", "that the log cannot be read does not say why the bus cannot"


def test_an_old_message_explains_nothing_of_a_card_that_the_driver_drives() -> None:
    rules = [
        made("AAA001", stage="bus", blocks="firmware"),
        made("AAA002", stage="framework", symptom=True),
        made("AAA003", stage="device nodes", blocks="driver library"),
    ]
    found = {one.rule: one.caused_by for one in examine(machine("desktop"), rules[:2])}
    assert found == {"AAA001": "", "AAA002": ""}
    found = {one.rule: one.caused_by for one in examine(machine("desktop"), rules)}
    assert found["AAA002"] == "AAA003", "a node that CUDA alone opens can be missing while NVML answers"
