"""The doctor's report for other programs: JUnit, Prometheus, GitHub annotations, SARIF, and Markdown for an issue.

Whatever a host says is made neutral first (one line, no control characters) and then escaped as each format wants it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from gpusetup.doctor.grouping import together
from gpusetup.doctor.to_finding import NOTHING_HERE
from gpusetup.doctor.verdict import first_line, headline
from gpusetup.redact import redacted
from gpusetup.report.junit import TestCase, suite
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding, Report

SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERDICTS = ("healthy", "no-gpu", "silenced", "problems", "unknown")
STATES = ("ok", "info", "warning", "error", "unknown", "skipped")


def junit(report: Report) -> str:
    """Return JUnit XML: a test case for every finding; warnings pass with output, unknowns are errors of the test.

    A rule that has nothing to check is a skipped case; where none checked anything, that is an error of its own.
    """
    cases = [_case(one) for one in report.findings]
    if _is_hollow(report):
        cases.append(TestCase("doctor", "verdict", "error", headline(report.findings)))
    return suite("gpusetup doctor", cases)


def _is_hollow(report: Report) -> bool:
    """Say whether the verdict is unknown though no finding says so: nothing was checked."""
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
    """Return the findings, of those that are well only the first that checked something: there may be thousands."""
    well = next((one for one in report.findings if one.state == "ok" and one.evidence != NOTHING_HERE), None)
    rest = [one for one in report.findings if one.state != "ok" or one.evidence == NOTHING_HERE]
    return (*rest, *([well] if well else []))


def _md(text: str) -> str:
    """Escape what Markdown, its HTML or a mention could be made of."""
    safe = re.sub(r"([\\`*_{}\[\]()#+!|~>-])", r"\\\1", neutral(text).replace("&", "&amp;").replace("<", "&lt;"))
    return safe.replace("@", "@\N{ZERO WIDTH SPACE}")


def _details(one: Finding) -> list[str]:
    return [*one.evidence, *([f"what to do: {one.remedy.text}"] if one.remedy else [])]


LEVELS = {"error": "error", "warning": "warning", "unknown": "warning", "info": "note"}


def sarif(report: Report) -> str:
    """Return SARIF 2.1.0, with each rule that found something; a finding is at no line of a file but on a subject.

    What a rule cannot check is open for review and no failure (SARIF 3.27.9), and what is silenced a suppressed one.
    """
    from gpusetup.value import to_json  # for this format alone

    told = [one for one in report.findings if one.state in LEVELS or one.silenced]
    rules = {one.rule: one for one in told}
    index = {name: number for number, name in enumerate(rules)}
    driver = {
        "name": "gpusetup doctor",
        "version": report.gpusetup,
        "rules": [_sarif_rule(one) for one in rules.values()],
    }
    run = {
        "tool": {"driver": driver},
        "results": [_sarif_result(one, index[one.rule]) for one in told],
        "properties": {"verdict": report.verdict, "machine": report.machine, "at": report.at},
    }
    return to_json({"$schema": SARIF, "version": "2.1.0", "runs": [run]})


def _sarif_rule(one: Finding) -> dict[str, object]:
    return {"id": one.rule, "name": one.slug or one.rule, "help": {"text": f"gpusetup doctor --explain {one.rule}"}}


def _sarif_result(one: Finding, index: int) -> dict[str, object]:
    said = "; ".join(map(neutral, [one.summary, *_details(one)]))
    result: dict[str, object] = {
        "ruleId": one.rule,
        "ruleIndex": index,
        "message": {"text": f"{neutral(one.subject)}: {said}"},
        "locations": [{"logicalLocations": [{"name": neutral(one.subject), "kind": "resource"}]}],
    }
    if one.state == "unknown":
        return result | {"kind": "open", "level": "none"}
    if one.silenced:
        return result | {"level": "note", "suppressions": [{"kind": "external", "justification": one.silenced}]}
    return result | {"kind": "fail", "level": LEVELS[one.state]} if one.state != "info" else result | {"level": "note"}


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "junit": junit,
    "prometheus": prometheus,
    "github": github,
    "markdown": markdown,
    "sarif": sarif,
}
