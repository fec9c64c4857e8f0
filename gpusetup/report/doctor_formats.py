"""The doctor's report for other programs: JUnit, Prometheus, GitHub annotations, and Markdown to paste into an issue.

Whatever a host says is made neutral first (one line, no control characters) and then escaped as each format wants it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from gpusetup.doctor.to_finding import NOTHING_HERE
from gpusetup.doctor.verdict import first_line, headline
from gpusetup.redact import redacted
from gpusetup.report.grouping import together
from gpusetup.report.junit import TestCase, suite
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding, Report

VERDICTS = ("healthy", "no-gpu", "silenced", "problems", "unknown")
STATES = ("ok", "info", "warning", "error", "unknown", "skipped")


def junit(report: Report) -> str:
    """Return JUnit XML: a test case for every finding; warnings pass with output, unknowns are errors of the test.

    A check that had nothing to look at is a skipped case; where none looked at anything, that is an error of its own.
    """
    cases = [_case(one) for one in report.findings]
    if _is_hollow(report):
        cases.append(TestCase("doctor", "verdict", "error", headline(report.findings)))
    return suite("gpusetup doctor", cases)


def _is_hollow(report: Report) -> bool:
    """Say whether the verdict is unknown though no finding says so: nothing was looked at."""
    return report.verdict == "unknown" and all(one.state != "unknown" for one in report.findings)


def _case(one: Finding) -> TestCase:
    said = _details(one)
    name = f"{one.subject}: {one.summary}"
    match one.state:
        case "error":
            return TestCase(one.rule, name, "failure", one.summary, said)
        case "unknown":
            return TestCase(one.rule, name, "error", one.summary, said)
        case "skipped":
            cause = f"explained by {one.caused_by}" if one.caused_by else "; ".join(one.evidence)
            return TestCase(one.rule, name, "skipped", one.silenced or cause)
        case "warning" | "info":
            return TestCase(
                one.rule, name, "noted", said=[f"{one.state}: {said[0]}", *said[1:]] if said else [one.state]
            )
    if one.evidence == NOTHING_HERE:
        return TestCase(one.rule, name, "skipped", one.evidence[0])
    return TestCase(one.rule, name, "passed")


def prometheus(report: Report) -> str:
    """Return metrics in Prometheus' text format: verdict, counts, and a sample for every finding that is not ok."""
    lines = [
        "# HELP gpusetup_doctor_verdict The verdict of gpusetup doctor; the one that holds is 1.",
        "# TYPE gpusetup_doctor_verdict gauge",
        *(f'gpusetup_doctor_verdict{{verdict="{one}"}} {int(one == report.verdict)}' for one in VERDICTS),
        "# HELP gpusetup_doctor_checks Checks that looked at something.",
        "# TYPE gpusetup_doctor_checks gauge",
        f"gpusetup_doctor_checks {report.basis.looked}",
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
    hollow = f"::warning title=gpusetup doctor::{_data(headline(report.findings))}\n" if _is_hollow(report) else ""
    return hollow + "".join(
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
    report = redacted(msgspec.structs.replace(report, findings=_told(report)))
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


def _told(report: Report) -> tuple[Finding, ...]:
    """Return the findings without those that are well but the first that looked: a machine may have thousands."""
    well = next((one for one in report.findings if one.state == "ok" and one.evidence != NOTHING_HERE), None)
    rest = [one for one in report.findings if one.state != "ok" or one.evidence == NOTHING_HERE]
    return (*rest, *([well] if well else []))


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
