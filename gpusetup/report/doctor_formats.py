"""The doctor's report for other programs: JUnit, Prometheus, GitHub annotations, SARIF, and Markdown for an issue.

Whatever a host says is made neutral first (one line, no control characters) and then escaped as each format wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from gpusetup.doctor.outcome.grouping import together
from gpusetup.doctor.outcome.to_finding import NOTHING_HERE
from gpusetup.doctor.outcome.verdict import first_line, headline
from gpusetup.redact import redacted
from gpusetup.report import formats
from gpusetup.report.formats.markdown import escape
from gpusetup.report.formats.outcome import Outcome, Outcomes, State
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding, Report

VERDICTS = ("healthy", "no-gpu", "silenced", "problems", "unknown")
STATES = ("ok", "info", "warning", "error", "unknown", "skipped")


def outcomes(report: Report) -> Outcomes:
    """Return an outcome for every finding, and one more where nothing was checked and no finding says so."""
    rows = [_outcome(one) for one in report.findings]
    if report.verdict == "unknown" and all(one.state != "unknown" for one in report.findings):
        rows.append(_hollow(headline(report.findings)))
    return Outcomes(
        program="gpusetup doctor",
        version=report.gpusetup,
        headline=first_line(report.findings),
        rows=tuple(rows),
        properties={"verdict": report.verdict, "machine": report.machine, "at": report.at},
    )


def _hollow(message: str) -> Outcome:
    return Outcome(
        rule="verdict", subject="this machine", group="doctor", name="verdict", state="unknown", message=message
    )


STATE: Mapping[str, State] = {
    "error": "failed", "unknown": "unknown", "skipped": "skipped", "warning": "warning", "info": "info", "ok": "passed",
}  # fmt: skip


def _outcome(one: Finding) -> Outcome:
    idle = one.state == "ok" and one.evidence == NOTHING_HERE
    message = one.summary
    if one.state == "skipped":
        message = f"explained by {one.caused_by}" if one.caused_by else "; ".join(one.evidence)
    elif idle:
        message = one.evidence[0]
    return Outcome(
        rule=one.rule,
        subject=one.subject,
        group=one.rule,
        name=f"{one.subject}: {one.summary}",
        state="skipped" if idle else STATE[one.state],
        message=message,
        details=tuple(_details(one)),
        slug=one.slug,
        help=f"gpusetup doctor --explain {one.rule}",
        silenced=one.silenced,
    )


def _details(one: Finding) -> list[str]:
    return [*one.evidence, *([f"what to do: {one.remedy.text}"] if one.remedy else [])]


def prometheus(report: Report) -> str:
    """Return metrics in Prometheus' text format, for node_exporter's textfile collector.

    Names are those that ``promtool check metrics`` accepts: no count without a unit of time is a counter here, and what
    only carries labels ends in ``_info``. One sample for each set of labels: Prometheus refuses two of the same.
    """
    uuids = {one.subject: one.uuid for one in report.gpus}
    shown = dict.fromkeys(
        (one.rule, one.slug, one.state, one.subject, uuids.get(one.subject, ""))
        for one in report.findings
        if one.state in {"info", "warning", "error", "unknown"}
    )
    return "".join(
        (
            _metric("gpusetup_doctor_info", "Version of gpusetup that examined the machine, and its areas.",
                    [({"version": report.gpusetup} | {one.name.lower(): one.versions for one in report.areas}, 1)]),
            _metric("gpusetup_doctor_last_run_timestamp_seconds", "When the machine was read, in seconds since 1970.",
                    [({}, _seconds(report.at))] if report.at else []),
            _metric("gpusetup_doctor_verdict", "Verdict of the last run; the one that holds is 1.",
                    [({"verdict": one}, int(one == report.verdict)) for one in VERDICTS]),
            _metric("gpusetup_doctor_rules", "Rules by what they rest on: those that looked checked something.",
                    [({"basis": name}, getattr(report.basis, name)) for name in report.basis.__struct_fields__]),
            _metric("gpusetup_doctor_findings", "Findings by state.",
                    [({"state": one}, sum(found.state == one for found in report.findings)) for one in STATES]),
            _metric("gpusetup_doctor_finding_info", "A finding that is not ok; its value is always 1.",
                    [(dict(zip(("rule", "slug", "state", "subject", "uuid"), one, strict=True)), 1) for one in shown]),
            _metric("gpusetup_gpu_info", "A GPU that findings can name as their subject; its value is always 1.",
                    [({"subject": one.subject, "name": one.name, "uuid": one.uuid, "pci": one.pci}, 1)
                     for one in report.gpus]),
        )
    )  # fmt: skip


def _metric(name: str, about: str, samples: Iterable[tuple[Mapping[str, str], int]]) -> str:
    lines = [f"# HELP {name} {about}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        said = ",".join(f'{label}="{_label(text)}"' for label, text in labels.items())
        lines.append(f"{name}{{{said}}} {value}" if said else f"{name} {value}")
    return "\n".join([*lines, ""]) if len(lines) > 2 else ""


def _seconds(at: str) -> int:
    """Return a time in ISO 8601 as seconds since 1970, UTC; a saved machine may have any text there."""
    from datetime import UTC, datetime  # for this format alone

    try:
        read = datetime.fromisoformat(at)
    except ValueError:
        return 0
    return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())


def _label(text: str) -> str:
    return neutral(text).replace("\\", "\\\\").replace('"', '\\"')


def markdown(report: Report) -> str:
    """Return Markdown to paste into an issue, with everything that names the machine or its owner taken out."""
    report = redacted(msgspec.structs.replace(report, findings=_told(report)))
    lines = [
        f"**gpusetup {escape(report.gpusetup)} doctor:** {escape(first_line(report.findings))}",
        "",
        escape(report.machine),
        *(f"- {escape(line)}" for line in report.frameworks),
        "",
    ]
    for one in together(report.findings):
        if one.state in {"error", "warning", "unknown", "info"}:
            lines += [f"- **{one.state.upper()} {escape(one.rule)}** ({escape(one.subject)}): {escape(one.summary)}"]
            lines += [f"  - {escape(line)}" for line in one.evidence]
    lines += [f"- {escape(f'{one.rule} ({one.subject}): {one.silenced}')}" for one in report.findings if one.silenced]
    folded = sorted({f"{one.rule} by {one.caused_by}" for one in report.findings if one.caused_by})
    if folded:
        lines += ["", f"<details><summary>{len(folded)} rules are explained by others</summary>", ""]
        lines += [escape(", ".join(folded)), "", "</details>"]
    return "\n".join([*lines, ""])


def _told(report: Report) -> tuple[Finding, ...]:
    """Return the findings, of those that are well only the first that checked something: there may be thousands."""
    well = next((one for one in report.findings if one.state == "ok" and one.evidence != NOTHING_HERE), None)
    rest = [one for one in report.findings if one.state != "ok" or one.evidence == NOTHING_HERE]
    return (*rest, *([well] if well else []))


def _through(form: str) -> Callable[[Report], str]:
    return lambda report: formats.FORMATS[form](outcomes(report))


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "junit": _through("junit"),
    "prometheus": prometheus,
    "github": _through("github"),
    "markdown": markdown,
    "sarif": _through("sarif"),
}
