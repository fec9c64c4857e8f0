"""The doctor's report: root causes first, what they explain folded below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.outcome.grouping import together
from gpusetup.doctor.outcome.next_step import next_step
from gpusetup.doctor.outcome.to_finding import NOTHING_HERE
from gpusetup.doctor.outcome.verdict import first_line
from gpusetup.report.doctor import summary
from gpusetup.report.page.model import Section
from gpusetup.report.page.sections.doctor.cards import cards
from gpusetup.report.page.sections.doctor.causes import causes, same_reason
from gpusetup.report.page.sections.doctor.stack import stack
from gpusetup.report.page.sections.doctor.state import state_of
from gpusetup.report.page.sections.doctor.timeline import messages, timeline
from gpusetup.report.page.sections.doctor.versions import versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.report.page.model import Result


def sections(results: Sequence[Result]) -> Iterator[Section]:
    """Yield one section for each report."""
    for one in results:
        yield _section(one, "Diagnosis" if len(results) == 1 else f"Diagnosis: {one.name}")


def _section(result: Result, title: str) -> Section:
    report, machine = result.value, result.machine
    found = causes(report.findings)
    log = messages(machine, report)
    chart = timeline(log)
    return Section(
        id="doctor",
        title=title,
        template="doctor.html.j2",
        view={
            "report": report,
            "wrong": [one for one in found if one.finding.state in {"error", "warning"}],
            "unknown": same_reason(one for one in found if one.finding.state == "unknown"),
            "notes": [one for one in found if one.finding.state == "info"],
            "silenced": [one for one in report.findings if one.silenced],
            "passed": together(one for one in report.findings if one.state == "ok" and one.evidence != NOTHING_HERE),
            "log": log,
            "read_at": report.at.replace("T", " ").removesuffix("Z") + " UTC" if report.at.endswith("Z") else report.at,
            "stack": stack(report, machine),
            "cards": cards(report, machine),
            "versions": versions(report, machine),
            "next": next_step(report),
            "summary": list(summary(report)),
        },
        charts={"timeline": chart} if chart is not None else {},
        state=state_of(report),
        answer=first_line(report.findings),
    )
