"""The doctor's report as text: the verdict, then each finding with how we know and what to do.

Lines carry their meaning in words, colour and indentation only help: it reads the same at 80 columns, in a pipe and
aloud.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gpusetup.doctor.outcome import COULD_NOT_LOOK, UNTRIED
from gpusetup.doctor.verdict import first_line, headline
from gpusetup.report.text import say
from gpusetup.report.together import together, told
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.doctor.change import Change
    from gpusetup.doctor.finding import Finding, Report

COLOURS = {"error": "red", "warning": "yellow", "unknown": "magenta", "info": "cyan"}
NAMES_SHOWN = 6


def show(report: Report) -> None:
    """Print `report` on stdout."""
    shown = [one for one in report.findings if one.state in COLOURS]
    say(neutral(first_line(report.findings)), colour=COLOURS[shown[0].state] if shown else "green", bold=True)
    for line in (report.machine, *report.frameworks):
        say(neutral(line))
    for alike in _alike(together(shown)):
        say()
        rules = {one.rule for one in alike}
        consequences = [one.rule for one in report.findings if one.caused_by in rules]
        if len(alike) == 1:
            _show(alike[0], consequences)
        else:
            _show_alike(alike, consequences)
    say()
    for line in _summary(report.findings):
        say(line)
    if shown:
        say(f"More about a finding: gpusetup doctor --explain {neutral(shown[0].rule)}")
    if any(one.remedy and one.state in {"error", "warning"} for one in shown):
        say("What can be carried out for you: gpusetup doctor --fix")


def show_changes(time: str, changes: Iterable[Change], report: Report) -> None:
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
        subjects.setdefault((one.rule, one.summary.removeprefix(COULD_NOT_LOOK)), []).append(one.subject)
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


def _summary(findings: Iterable[Finding]) -> Iterator[str]:
    findings = tuple(findings)
    skipped = [one for one in findings if one.state == "skipped" and one.caused_by]
    untried = {one.rule for one in findings if one.state == "skipped" and one.evidence[:1] == UNTRIED}
    yield f"{len({one.rule for one in findings if one.state == 'ok'})} checks found nothing wrong."
    if skipped:
        causes = ", ".join(sorted({one.caused_by for one in skipped}))
        yield f"{len({one.rule for one in skipped})} checks were skipped: {causes} explains what they would say."
    if untried:
        yield f"{len(untried)} checks were not tried; they import each framework: gpusetup doctor --deep"
    for one in findings:
        if one.silenced:
            yield neutral(f"Silenced: {one.rule}, {one.subject}: {one.summary} ({one.silenced})")


def _listed(words: list[str], shown: int = NAMES_SHOWN) -> str:
    names = list(dict.fromkeys(words))
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")
