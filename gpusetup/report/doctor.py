"""The doctor's report as text: the verdict, the areas, then each finding with how we know and what to do.

Lines carry their meaning in words, colour and indentation only help: it reads the same at 80 columns, in a pipe and
aloud.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING

from gpusetup.doctor.outcome.grouping import subjects, together, told
from gpusetup.doctor.outcome.next_step import next_step
from gpusetup.doctor.outcome.to_finding import CANNOT_CHECK, NOTHING_HERE
from gpusetup.doctor.outcome.verdict import first_line, headline
from gpusetup.report.text import encodes, say
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Area, Finding, Report
    from gpusetup.doctor.outcome.comparison import FindingChange

COLOURS = {"error": "red", "warning": "yellow", "unknown": "magenta", "info": "cyan"}
FINE, UNSURE = "green", "magenta"
MARKS = {"ok": "✓", "warning": "!", "error": "✗", "unknown": "?", "none": "-"}
ASCII_MARKS = MARKS | {"ok": "+", "error": "x"}
NAMES_SHOWN = 6
SYMPTOMS_SHOWN = 3
EVIDENCE_SHOWN = 4
"""Lines; the rest is shown with ``--all``."""


def show(report: Report, *, everything: bool = False) -> None:
    """Print `report` on stdout: what is needed on one screen, or `everything`."""
    shown = [one for one in report.findings if one.state in COLOURS]
    fine = FINE if report.verdict in {"healthy", "no-gpu", "silenced"} else UNSURE
    say(neutral(first_line(report.findings)), colour=COLOURS[shown[0].state] if shown else fine, bold=True)
    say()
    _show_areas(report)
    for line in report.frameworks:
        say(neutral(line))
    explained = _explained(report.findings)
    for alike in _alike(together(one for one in shown if everything or one.state != "info")):
        say()
        consequences = [one for rule in dict.fromkeys(one.rule for one in alike) for one in explained.get(rule, ())]
        if len(alike) == 1:
            _show(alike[0], consequences, everything=everything)
        else:
            _show_alike(alike, consequences)
    _show_notes([] if everything else together(one for one in shown if one.state == "info"))
    if everything:
        _show_healthy(report.findings)
    say()
    for line in summary(report):
        say(line)
    _show_end(report, shown)


def written(report: Report, *, everything: bool = False) -> str:
    """Return what `show` prints, without colours."""
    with redirect_stdout(StringIO()) as said:
        show(report, everything=everything)
    return said.getvalue()


def _show_areas(report: Report) -> None:
    if not report.areas:
        say(neutral(report.machine))
        return
    marks = MARKS if encodes("".join(MARKS.values())) else ASCII_MARKS
    wide = max(len(one.name) for one in report.areas)
    for one in report.areas:
        say(f"{marks[one.state]} {one.name:{wide}}  {neutral(one.versions)}", colour=_colour(one), hanging=wide + 4)


def _colour(one: Area) -> str | None:
    return COLOURS.get(one.state, FINE if one.state == "ok" else None)


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
    """Return the findings in their order, those together that cannot check for one and the same reason."""
    groups: dict[object, list[Finding]] = {}
    for one in findings:
        groups.setdefault(told(one) if one.state == "unknown" else id(one), []).append(one)
    return list(groups.values())


def _show_alike(findings: list[Finding], consequences: list[Finding]) -> None:
    by_rule: dict[tuple[str, str], list[str]] = {}
    for one in findings:
        by_rule.setdefault((one.rule, one.summary.removeprefix(CANNOT_CHECK)), []).append(one.subject)
    rules = _rules(len({rule for rule, _ in by_rule}))
    say(f"UNKNOWN: {rules} cannot check, all for this reason:", colour=COLOURS["unknown"])
    for line in findings[0].evidence:
        say(f"- {neutral(line)}", indent=2)
    for (rule, title), named in by_rule.items():
        say(neutral(f"{rule}, {subjects(named)}: {title}"), indent=4)
    _show_rest(findings[0], consequences)


def _show(finding: Finding, consequences: list[Finding], before: str = "", *, everything: bool = False) -> None:
    head = f"{before}{finding.state.upper()} {finding.rule}, {finding.subject}: {finding.summary}"
    say(neutral(head), colour=COLOURS[finding.state])
    more = 0 if everything else len(finding.evidence) - EVIDENCE_SHOWN
    for line in finding.evidence[: EVIDENCE_SHOWN if more > 1 else None]:
        say(f"- {neutral(line)}", indent=2)
    if more > 1:
        say(f"- and {more} more, shown with --all", indent=2)
    _show_rest(finding, consequences)


def _show_rest(finding: Finding, consequences: list[Finding]) -> None:
    if finding.remedy:
        say(f"What to do: {neutral(finding.remedy.text)}.", indent=2)
        for command in finding.remedy.commands:
            say(neutral(command), indent=4, wrap=False, bold=True)
    if consequences:
        say(neutral(_consequences(consequences)), indent=2)


def _consequences(findings: list[Finding]) -> str:
    """Return what a root cause explains: what its symptoms report, and how many rules cannot check because of it."""
    symptoms = {one.rule: one.summary for one in findings if not one.summary.startswith(CANNOT_CHECK)}
    blind = len({one.rule for one in findings} - symptoms.keys())
    said = _listed([f"{summary} ({rule})" for rule, summary in symptoms.items()], SYMPTOMS_SHOWN)
    cannot = f"{_rules(blind)} cannot check because of it"
    if not symptoms:
        return f"{cannot[:1].upper()}{cannot[1:]}."
    return f"This explains: {said}{f'; {cannot}' if blind else ''}."


def _show_notes(notes: list[Finding]) -> None:
    """Print what is only worth knowing, a line each."""
    if notes:
        say()
    for one in notes:
        say(neutral(f"INFO {one.rule}, {one.subject}: {one.summary}"), colour=COLOURS["info"])


def _show_healthy(findings: Iterable[Finding]) -> None:
    say()
    for one in findings:
        if one.state == "ok" and one.evidence != NOTHING_HERE:
            said = f" ({'; '.join(one.evidence)})" if one.evidence else ""
            say(neutral(f"OK {one.rule}, {one.subject}: {one.summary}{said}"))


def _explained(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Return cause → the findings that it explains."""
    found: dict[str, list[Finding]] = {}
    for one in findings:
        if one.caused_by:
            found.setdefault(one.caused_by, []).append(one)
    return found


def summary(report: Report) -> Iterator[str]:
    """Yield what the verdict rests on, and what it does not."""
    basis, findings = report.basis, report.findings
    said = [f"{_rules(_well(report))} found nothing wrong"]
    if basis.nothing_here:
        said.append(f"{_have(basis.nothing_here)} nothing to check on this machine")
    if basis.explained:
        said.append(f"{_are(basis.explained)} explained by {_listed(sorted(_explained(findings)))}")
    if basis.untried:
        said.append(f"{basis.untried} only with --deep, which imports each framework")
    if basis.unrecorded:
        said.append(f"{_need(basis.unrecorded)} a reading that is not recorded in this saved machine")
    yield f"{', '.join(said)}."
    if without := {one.rule for one in findings if one.state == "ok" and one.evidence not in {(), NOTHING_HERE}}:
        yield f"{_rules(len(without))} did so without a reading or a fact; --all says which, and why."
    for one in findings:
        if one.silenced:
            yield neutral(f"Silenced: {one.rule}, {one.subject}: {one.summary} ({one.silenced})")


def _show_end(report: Report, shown: list[Finding]) -> None:
    """Print where to read on, and as the last line what to do now."""
    more = [f"gpusetup doctor --explain {neutral(shown[0].rule)}"] if shown else []
    if any(one.remedy and one.state in {"error", "warning"} for one in shown):
        more.append("gpusetup doctor --fix prints the steps")
    if more:
        say(f"More: {'; '.join(more)}.")
    step = next_step(report)
    say(f"Next: {neutral(step.text)}{':' if step.command else '.'}", bold=True)
    if step.command:
        say(neutral(step.command), indent=2, wrap=False, bold=True)


def _rules(count: int) -> str:
    return f"{count} rule" if count == 1 else f"{count} rules"


def _have(count: int) -> str:
    return f"{count} {'has' if count == 1 else 'have'}"


def _need(count: int) -> str:
    return f"{_rules(count)} {'needs' if count == 1 else 'need'}"


def _are(count: int) -> str:
    return f"{count} {'is' if count == 1 else 'are'}"


def _well(report: Report) -> int:
    """Return how many rules checked something and found nothing: those that found something are not among them."""
    return report.basis.looked - len({one.rule for one in report.findings if one.state in {"error", "warning", "info"}})


def _listed(words: list[str], shown: int = NAMES_SHOWN) -> str:
    names = list(dict.fromkeys(words))
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")
