"""The doctor's report: root causes first, what they explain folded below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.doctor.outcome.grouping import together
from gpusetup.doctor.outcome.next_step import next_step
from gpusetup.doctor.outcome.to_finding import NOTHING_HERE
from gpusetup.doctor.outcome.verdict import first_line
from gpusetup.report.page.model import Section, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gpusetup.doctor.finding import Finding, Report
    from gpusetup.report.page.model import Result

_SHOWN = ("error", "warning", "unknown")
_STATE: dict[str, State] = {
    "healthy": "ok", "no-gpu": "info", "silenced": "info", "unknown": "unknown", "problems": "error",
}  # fmt: skip


class Cause(NamedTuple):
    """A finding, and the findings that it explains."""

    finding: Finding
    explained: tuple[Finding, ...]


def sections(results: Sequence[Result]) -> Iterator[Section]:
    """Yield one section for each report."""
    for one in results:
        yield _section(one.value)


def _section(report: Report) -> Section:
    findings = report.findings
    causes = _causes(findings)
    return Section(
        id="doctor",
        title="Diagnosis",
        template="doctor.html.j2",
        view={
            "report": report,
            "causes": [one for one in causes if one.finding.state in _SHOWN],
            "notes": [one for one in causes if one.finding.state == "info"],
            "silenced": [one for one in findings if one.silenced],
            "passed": [one for one in findings if one.state == "ok" and one.evidence != NOTHING_HERE],
            "next": next_step(report),
        },
        state=state_of(report),
        answer=first_line(findings),
    )


def state_of(report: Report) -> State:
    """Return the state of a whole report; one with warnings alone is no error, and one that cannot check not well."""
    states = {one.state for one in report.findings}
    return "warning" if report.verdict == "problems" and "error" not in states else _STATE[report.verdict]


def _causes(findings: Iterable[Finding]) -> list[Cause]:
    """Return the findings that nothing explains, those that say the same of several subjects as one."""
    found = tuple(findings)
    explained: dict[str, list[Finding]] = {}
    for one in found:
        if one.caused_by:
            explained.setdefault(one.caused_by, []).append(one)
    roots = together(one for one in found if one.state in {*_SHOWN, "info"})
    first = {one.rule: place for place, one in reversed(list(enumerate(roots)))}
    return [
        Cause(one, tuple(explained.get(one.rule, ()) if first[one.rule] == place else ()))
        for place, one in enumerate(roots)
    ]
