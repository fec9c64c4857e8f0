"""The doctor's report for other programs: JUnit, Prometheus, GitHub annotations, and Markdown to paste into an issue.

Whatever a host says is made neutral first (one line, no control characters) and then escaped as each format wants it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gpusetup.doctor.verdict import first_line
from gpusetup.redact import redacted
from gpusetup.report.junit import Case, suite
from gpusetup.report.together import together
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding, Report

STATES = ("ok", "info", "warning", "error", "unknown", "skipped")


def junit(report: Report) -> str:
    """Return JUnit XML: a test case for every finding; warnings pass with output, unknowns are errors of the test."""
    return suite("gpusetup doctor", [_case(one) for one in report.findings])


def _case(one: Finding) -> Case:
    said = _details(one)
    name = f"{one.subject}: {one.summary}"
    match one.state:
        case "error":
            return Case(one.rule, name, "failure", one.summary, said)
        case "unknown":
            return Case(one.rule, name, "error", one.summary, said)
        case "skipped":
            cause = f"explained by {one.caused_by}" if one.caused_by else "; ".join(one.evidence)
            return Case(one.rule, name, "skipped", one.silenced or cause)
        case "warning" | "info":
            return Case(one.rule, name, "noted", said=[f"{one.state}: {said[0]}", *said[1:]] if said else [one.state])
    return Case(one.rule, name, "passed")


def prometheus(report: Report) -> str:
    """Return metrics in Prometheus' text format: a count per state, and a sample for every finding that is not ok."""
    lines = [
        "# HELP gpusetup_doctor_findings Findings of gpusetup doctor by state.",
        "# TYPE gpusetup_doctor_findings gauge",
        *(
            f'gpusetup_doctor_findings{{state="{state}"}} {sum(one.state == state for one in report.findings)}'
            for state in STATES
        ),
        "# HELP gpusetup_doctor_finding A finding that is not ok; its value is always 1.",
        "# TYPE gpusetup_doctor_finding gauge",
    ]
    # one sample for each set of labels: Prometheus refuses two of the same
    shown = dict.fromkeys(
        (one.rule, one.state, one.subject)
        for one in report.findings
        if one.state in {"info", "warning", "error", "unknown"}
    )
    lines += [
        f'gpusetup_doctor_finding{{rule="{_label(rule)}",state="{state}",subject="{_label(subject)}"}} 1'
        for rule, state, subject in shown
    ]
    return "\n".join([*lines, ""])


def _label(text: str) -> str:
    return neutral(text).replace("\\", "\\\\").replace('"', '\\"')


def github(report: Report) -> str:
    """Return workflow commands of GitHub Actions: an annotation for every error, warning, unknown and note."""
    command = {"error": "error", "warning": "warning", "unknown": "warning", "info": "notice"}
    return "".join(
        f"::{command[one.state]} title={_property(f'{one.rule} {one.subject}')}::"
        f"{_data('; '.join([one.summary, *_details(one)]))}\n"
        for one in report.findings
        if one.state in command
    )


def _data(text: str) -> str:
    return neutral(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def markdown(report: Report) -> str:
    """Return Markdown to paste into an issue, with everything that names the machine or its owner taken out."""
    report = redacted(report)
    lines = [
        f"**gpusetup {_md(report.gpusetup)} doctor:** {_md(first_line(report.findings))}",
        "",
        _md(report.machine),
        *(f"- {_md(line)}" for line in report.frameworks),
        "",
    ]
    for one in together(report.findings):
        if one.state in {"error", "warning", "unknown", "info"}:
            lines += [f"- **{one.state.upper()} {_md(one.rule)}** ({_md(one.subject)}): {_md(one.summary)}"]
            lines += [f"  - {_md(line)}" for line in one.evidence]
    lines += [f"- {_md(f'{one.rule} ({one.subject}): {one.silenced}')}" for one in report.findings if one.silenced]
    folded = sorted({f"{one.rule} by {one.caused_by}" for one in report.findings if one.caused_by})
    if folded:
        lines += ["", f"<details><summary>{len(folded)} rules are explained by others</summary>", ""]
        lines += [_md(", ".join(folded)), "", "</details>"]
    return "\n".join([*lines, ""])


def _md(text: str) -> str:
    """Escape what Markdown, its HTML or a mention could be made of."""
    safe = re.sub(r"([\\`*_{}\[\]()#+!|~>-])", r"\\\1", neutral(text).replace("&", "&amp;").replace("<", "&lt;"))
    return safe.replace("@", "@\N{ZERO WIDTH SPACE}")


def _details(one: Finding) -> list[str]:
    return [*one.evidence, *([f"what to do: {one.remedy.text}"] if one.remedy else [])]


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "junit": junit,
    "prometheus": prometheus,
    "github": github,
    "markdown": markdown,
}
