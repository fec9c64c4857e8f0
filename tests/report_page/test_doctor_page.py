"""What the page says of a diagnosis: the joint that breaks, the GPU that is not well; unknown is never well."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from gpusetup.doctor.finding import Area, Finding, GpuIdentity, Report
from gpusetup.machine.model import Machine
from gpusetup.report.page.diagnosed import diagnosed
from gpusetup.report.page.model import Result, Section
from gpusetup.report.page.sections import sections
from tests.doctor.machines import cases, machine
from tests.report_page import pages
from tests.support import drawn

AREAS = tuple(
    Area(name=name, state="ok", versions="1") for name in ("GPU", "Driver", "CUDA", "Frameworks", "Containers")
)


def doctor(value: object) -> Section:
    """Return the section of the diagnosis."""
    found = sections(list(diagnosed([Result("a.json", value)])))
    return next(one for one in found if one.id == "doctor")


def view(value: object) -> dict[str, Any]:
    return dict(doctor(value).view)


def broken(change: dict[str, Any]) -> list[str]:
    return [one.name for one in view(machine("desktop", change))["stack"] if one.breaks]


@pytest.mark.parametrize(
    ("change", "joint"),
    [
        ({}, []),
        ({"system": {"kernel": {"modules!": []}}}, ["Kernel module"]),
        ({"driver": {"user_library": "550.54.14"}}, ["Driver library"]),
        ({"gpus": {"0": {"ecc_volatile": 3, "ecc": True}}}, ["Card"]),
    ],
)
def test_the_stack_breaks_where_the_fault_is(change: dict[str, Any], joint: list[str]) -> None:
    assert broken(change) == joint


def test_nothing_above_a_broken_joint_is_shown_as_well() -> None:
    states = [one.state for one in view(pages.lost())["stack"]]
    assert states[0] == "error"
    assert "ok" not in states[1:]


def test_parts_whose_rules_cannot_check_are_unknown() -> None:
    """Of a module that is not loaded follows that the driver library cannot be judged: never that it is well."""
    parts = {one.name: one for one in view(machine("desktop", {"system": {"kernel": {"modules!": []}}}))["stack"]}
    assert parts["Driver library"].state != "ok"
    assert parts["Kernel module"].rules


def test_a_report_alone_says_nothing_of_what_it_does_not_hold() -> None:
    assert view(pages.nothing())["stack"] == []
    alone = Report(verdict="healthy", gpusetup="1", machine="x", areas=AREAS, findings=())
    named = [one.name for one in view(alone)["stack"]]
    assert "cuDNN" not in named
    assert named[0] == "Card"


@pytest.mark.parametrize("state", ["error", "warning", "unknown"])
def test_a_gpu_that_the_log_names_by_its_address_is_not_well(state: Any) -> None:
    finding = Finding(rule="XID004", state=state, subject="PCI 0000:01:00.0", summary="s")
    gpus = (GpuIdentity(subject="GPU 0", pci="0000:01:00.0"), GpuIdentity(subject="GPU 1", pci="0000:02:00.0"))
    cards = view(Report(verdict="problems", gpusetup="1", machine="x", gpus=gpus, findings=(finding,)))["cards"]
    assert [one.state for one in cards] == [state, "ok"]


def test_a_gpu_that_cannot_be_checked_or_is_not_shown_is_unknown() -> None:
    finding = Finding(rule="GPU002", state="skipped", subject="GPU 0", summary="s", caused_by="KRN002")
    gpus = (GpuIdentity(subject="GPU 0"), GpuIdentity(subject="PCI 0000:02:00.0", pci="0000:02:00.0"))
    cards = view(Report(verdict="problems", gpusetup="1", machine="x", gpus=gpus, findings=(finding,)))["cards"]
    assert [one.state for one in cards] == ["unknown", "unknown"]


def test_no_gpu_is_well_while_the_kernel_log_cannot_be_read() -> None:
    """A user who is not root often cannot read it: an Xid would not be seen."""
    log = {"unread": "denied", "source": "dmesg"}
    readable = view(machine("h100_server"))
    shown = view(machine("h100_server", {"system": {"kernel": {"log!": log}}}))
    assert {one.state for one in readable["cards"]} == {"ok"}
    assert {one.state for one in shown["cards"]} == {"unknown"}
    assert "LOG001" in shown["cards"][0].said
    parts = {one.name: one.state for one in shown["stack"]}
    assert (parts["Card"], parts["Kernel module"], parts["CUDA"]) == ("unknown", "unknown", "ok")


def test_of_72_gpus_those_that_differ_stand_out() -> None:
    odd = {one.subject: one.state for one in view(pages.many(72))["cards"] if one.state != "ok"}
    assert odd.keys() == {"GPU 5", "GPU 7", "GPU 41", "GPU 60"}


def test_the_same_fault_on_many_gpus_is_one_thing_to_do() -> None:
    findings = tuple(
        Finding(rule="XID004", state="error", subject=f"GPU {n}", summary="the same", evidence=(f"line {n}",))
        for n in range(8)
    )
    (cause,) = view(Report(verdict="problems", gpusetup="1", machine="x", findings=findings))["wrong"]
    assert cause.finding.subject == "GPUs 0-7"
    assert len(cause.finding.evidence) == 8


@pytest.mark.parametrize("case", drawn("cases on the page", cases(), 20), ids=lambda case: case.name)
def test_every_finding_is_on_the_page_and_none_is_well(case: Any) -> None:
    """What the doctor's own cases find is shown, and the section's state is the worst of it."""
    section = doctor(case.fires)
    report = section.view["report"]
    assert isinstance(report, Report)
    shown: Any = [*section.view["wrong"], *section.view["notes"]]  # type: ignore[misc]
    wrong = {one.rule for one in report.findings if one.state in {"error", "warning", "info"}}
    assert {one.finding.rule for one in shown} == wrong
    reasons: Any = section.view["unknown"]
    blind = {one.rule for one in report.findings if one.state == "unknown"}
    assert {rule for one in reasons for rule, _, _ in one.rules} == blind
    if report.verdict in {"problems", "unknown"}:
        assert section.state in {"error", "warning", "unknown"}
    html = pages.html(case.fires)
    assert all(f'id="doctor-{rule}"' in html for rule in wrong if rule not in _notes(report))


def _notes(report: Report) -> set[str]:
    return {one.rule for one in report.findings if one.state == "info"}


def test_the_log_has_its_times_and_the_rules_behind_it() -> None:
    found: Any = view(pages.lost())["log"]
    assert [round(one.seconds) for one in found] == [4, 5123, 5999, 6000]
    assert not found[0].rule
    assert found[3].rule
    chart = doctor(pages.lost()).charts["timeline"]
    assert [row["seconds"] for row in chart.data["messages"]] == [4.1, 5123.000002, 5999.000002, 6000.000001]
    assert "timeline" not in doctor(machine("desktop")).charts


def test_every_reading_is_on_the_page_once_for_all_gpus() -> None:
    text = pages.html(pages.many(8))
    assert ">103 (GPU 5)" in text
    assert "(all 8)" in text


def test_a_saved_report_is_shown_with_its_machine() -> None:
    sick: Machine = pages.lost()
    (_, report) = diagnosed([Result("m.json", sick)])
    both = list(diagnosed([Result("r.json", report.value), Result("m.json", sick)]))
    assert [type(one.value).__name__ for one in both] == ["Report", "Machine"]
    assert both[0].machine is sick
    other = list(diagnosed([Result("r.json", replace(report.value, at="another day")), Result("m.json", sick)]))
    assert [one.machine for one in other] == [None, None, sick]
