"""The doctor's report as text: the verdict, then each finding with how we know and what to do.

Lines carry their meaning in words, indentation only helps: it reads the same at 80 columns, in a pipe and aloud.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gpusetup.doctor.verdict import headline
from gpusetup.report.console import console, neutral

if TYPE_CHECKING:
    from rich.console import Console

    from gpusetup.doctor.finding import Finding, Report

STYLES = {"error": "bold red", "warning": "yellow", "unknown": "magenta", "info": "cyan"}
SHOWN = ("error", "warning", "unknown", "info")


def show(report: Report) -> None:
    """Print `report` on stdout."""
    out = console()
    worst = next((one.state for one in report.findings), "ok")
    out.print(headline(report.findings), style=STYLES.get(worst, "bold green"))
    out.print(neutral(report.machine), style="dim")
    for finding in report.findings:
        if finding.state in SHOWN:
            _show_finding(out, finding, [one for one in report.findings if one.caused_by == finding.rule])
    out.print()
    for line in _summary(report.findings):
        _wrapped(out, line, 0)


def _show_finding(out: Console, finding: Finding, consequences: list[Finding]) -> None:
    from rich.text import Text  # noqa: PLC0415 - the console has loaded it

    out.print()
    head = Text(f"{finding.state.upper()} {neutral(finding.rule)}", style=STYLES[finding.state])
    head.append(f" {neutral(finding.subject)}: {neutral(finding.summary)}", style="default")
    out.print(head)
    for line in finding.evidence:
        _wrapped(out, f"- {neutral(line)}", 2)
    if finding.remedy:
        _wrapped(out, f"What to do: {neutral(finding.remedy.text)}.", 2)
        for command in finding.remedy.commands:
            # never wrapped, so that it can be copied
            out.print(f"    {neutral(command)}", soft_wrap=True, style="bold")
    if consequences:
        _wrapped(out, f"This also explains: {_names(consequences)}.", 2)


def _names(consequences: list[Finding]) -> str:
    names = list(dict.fromkeys(one.rule for one in consequences))
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:6])} and {len(names) - 6} more"


def _wrapped(out: Console, line: str, indent: int) -> None:
    from textwrap import fill  # noqa: PLC0415 - rich has loaded it

    blank = " " * indent
    out.print(fill(line, out.width, initial_indent=blank, subsequent_indent=blank + blank), soft_wrap=True)


def _summary(findings: Iterable[Finding]) -> Iterator[str]:
    findings = tuple(findings)
    healthy = len({one.rule for one in findings if one.state == "ok"})
    skipped = [one for one in findings if one.state == "skipped"]
    yield f"{healthy} checks found nothing wrong."
    if skipped:
        causes = ", ".join(sorted({one.caused_by for one in skipped}))
        yield f"{len({one.rule for one in skipped})} checks were skipped: {causes} explains what they would say."
    first = next((one.rule for one in findings if one.state in SHOWN), "")
    if first:
        yield f"More about a finding: gpusetup doctor --explain {neutral(first)}"
