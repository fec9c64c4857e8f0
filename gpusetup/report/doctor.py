"""The doctor's report as text: the verdict, then each finding with how we know and what to do.

Lines carry their meaning in words, colour and indentation only help: it reads the same at 80 columns, in a pipe and
aloud.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gpusetup.doctor.to_finding import CANNOT_CHECK, NOTHING_HERE
from gpusetup.doctor.verdict import first_line, headline
from gpusetup.report.grouping import together, told
from gpusetup.report.text import say
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.doctor.comparison import FindingChange
    from gpusetup.doctor.finding import Finding, Report

COLOURS = {"error": "red", "warning": "yellow", "unknown": "magenta", "info": "cyan"}
FINE, UNSURE = "green", "magenta"
NAMES_SHOWN = 6


def show(report: Report) -> None:
    """Print `report` on stdout."""
    shown = [one for one in report.findings if one.state in COLOURS]
    fine = FINE if report.verdict in {"healthy", "no-gpu", "silenced"} else UNSURE
    say(neutral(first_line(report.findings)), colour=COLOURS[shown[0].state] if shown else fine, bold=True)
    for line in (report.machine, *report.frameworks):
        say(neutral(line))
    explained = _explained(report.findings)
    for alike in _alike(together(shown)):
        say()
        consequences = [name for rule in dict.fromkeys(one.rule for one in alike) for name in explained.get(rule, ())]
        if len(alike) == 1:
            _show(alike[0], consequences)
        else:
            _show_alike(alike, consequences)
    say()
    for line in _summary(report):
        say(line)
    if shown:
        say(f"More about a finding: gpusetup doctor --explain {neutral(shown[0].rule)}")
    if any(one.remedy and one.state in {"error", "warning"} for one in shown):
        say("What can be carried out for you: gpusetup doctor --fix")


def show_changes(time: str, changes: Iterable[FindingChange], report: Report) -> None:
    """Print what has changed at `time`, each with how we know and what to do, and the verdict now."""
    say()
    say(f"{time} {headline(report.findings)}", bold=True)
    for one in changes:
        if one.kind == "cleared":
            say(neutral(f"CLEARED {one.finding.rule}, {one.finding.subject}: {one.finding.summary}"), colour="green")
        else:
            before = f"WAS {one.was.upper()}, NOW " if one.was else "NEW "
            _show(one.finding, [], before)


def _alike(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Return the findings in their order, those together that could not look for one and the same reason."""
    groups: dict[object, list[Finding]] = {}
    for one in findings:
        groups.setdefault(told(one) if one.state == "unknown" else id(one), []).append(one)
    return list(groups.values())


def _show_alike(findings: list[Finding], consequences: list[str]) -> None:
    say(f"UNKNOWN: {len(findings)} checks could not look, all for this reason:", colour=COLOURS["unknown"])
    for line in findings[0].evidence:
        say(f"- {neutral(line)}", indent=2)
    subjects: dict[tuple[str, str], list[str]] = {}
    for one in findings:
        subjects.setdefault((one.rule, one.summary.removeprefix(CANNOT_CHECK)), []).append(one.subject)
    for (rule, title), named in subjects.items():
        say(neutral(f"{rule}, {_listed(named, 2)}: {title}"), indent=4)
    _show_rest(findings[0], consequences)


def _show(finding: Finding, consequences: list[str], before: str = "") -> None:
    head = f"{before}{finding.state.upper()} {finding.rule}, {finding.subject}: {finding.summary}"
    say(neutral(head), colour=COLOURS[finding.state])
    for line in finding.evidence:
        say(f"- {neutral(line)}", indent=2)
    _show_rest(finding, consequences)


def _show_rest(finding: Finding, consequences: list[str]) -> None:
    if finding.remedy:
        say(f"What to do: {neutral(finding.remedy.text)}.", indent=2)
        for command in finding.remedy.commands:
            say(neutral(command), indent=4, wrap=False, bold=True)
    if consequences:
        say(f"This also explains: {_listed(consequences)}.", indent=2)


def _explained(findings: Iterable[Finding]) -> dict[str, list[str]]:
    """Return cause → the rules that it explains."""
    found: dict[str, dict[str, None]] = {}
    for one in findings:
        if one.caused_by:
            found.setdefault(one.caused_by, {})[one.rule] = None
    return {cause: list(rules) for cause, rules in found.items()}


def _summary(report: Report) -> Iterator[str]:
    """Yield what the verdict rests on, and what it does not."""
    basis, findings = report.basis, report.findings
    yield f"{_checks(_well(findings))} found nothing wrong."
    if basis.nothing_here:
        yield f"{_checks(basis.nothing_here)} had nothing to look at on this machine."
    if basis.explained:
        causes = ", ".join(sorted(_explained(findings)))
        yield f"{basis.explained} checks were skipped: {causes} explains what they would say."
    if basis.untried:
        yield f"{basis.untried} checks were not tried; they import each framework: gpusetup doctor --deep"
    if without := {one.rule for one in findings if one.state == "ok" and one.evidence not in {(), NOTHING_HERE}}:
        yield f"{_listed(sorted(without))} did so without a reading or a fact; --json says which, and why."
    for one in findings:
        if one.silenced:
            yield neutral(f"Silenced: {one.rule}, {one.subject}: {one.summary} ({one.silenced})")


def _checks(count: int) -> str:
    return f"{count} check" if count == 1 else f"{count} checks"


def _well(findings: Iterable[Finding]) -> int:
    return len({one.rule for one in findings if one.state == "ok" and one.evidence != NOTHING_HERE})


def _listed(words: list[str], shown: int = NAMES_SHOWN) -> str:
    names = list(dict.fromkeys(words))
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")
