"""Runs the rules over a machine and folds every consequence under its root cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gpusetup.doctor.finding import Finding, Remedy
from gpusetup.doctor.fixes import remedy
from gpusetup.doctor.frameworks import framework_of
from gpusetup.doctor.rule import Place, Rule, UnreadError, UntriedError, Verdict
from gpusetup.errors import GpusetupError
from gpusetup.machine.model import Machine, Unread

HERE = "this machine"
RANK = {"error": 0, "warning": 1, "unknown": 2, "info": 3, "skipped": 4, "ok": 5}
COULD_NOT_LOOK = "could not look whether: "
UNTRIED = ("nobody asked for it",)
_FIRED = {"error", "warning", "info"}
_WHY = {
    "absent": "is not there",
    "denied": "may not be read by this user",
    "failed": "failed",
    "timeout": "did not answer in time",
    "unsupported": "is not supported here",
}


def examine(machine: Machine, rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """Return what every rule says of `machine`, worst first, causes before their consequences."""
    rules = tuple(rules)
    findings = fold(rules, {rule.id: judge(rule, machine) for rule in rules})
    weight: dict[str, int] = {}
    for finding in findings:
        weight[finding.caused_by] = weight.get(finding.caused_by, 0) + 1
    return tuple(sorted(findings, key=lambda one: (RANK[one.state], -weight.get(one.rule, 0), one.rule)))


def judge(rule: Rule, machine: Machine) -> list[Finding]:
    """Return what `rule` says of each of its subjects; nothing at all when it has no subjects here."""
    try:
        places: Sequence[Place | None] = [None] if rule.over is None else list(rule.over(machine))
    except UnreadError as error:
        return [_unknown(rule, HERE, error.unread)]
    except UntriedError as error:
        return [_untried(rule, str(error))]
    return [finding for place in places for finding in _judge_one(rule, machine, place)]


def _judge_one(rule: Rule, machine: Machine, place: Place | None) -> list[Finding]:
    subject = HERE if place is None else place[0]
    try:
        verdicts = rule.judge(machine) if place is None else rule.judge(machine, place[1])
        return [_finding(rule, subject, verdict, machine) for verdict in verdicts] or [_ok(rule, subject)]
    except UnreadError as error:
        return [_unknown(rule, subject, error.unread)]
    except GpusetupError as error:  # the host said something that cannot be understood, a version for instance
        return [_unknown(rule, subject, Unread(unread="failed", source="a reading", detail=error.message))]
    except Exception as error:  # one broken rule must not hide what the others found
        return [_fault(rule, subject, error)]


class _Settled(NamedTuple):
    """A finding after folding, and the state it had before."""

    finding: Finding
    was: str


def fold(rules: Sequence[Rule], raw: dict[str, list[Finding]]) -> list[Finding]:
    """Replace each finding that another rule's finding explains by ``skipped``, with the root cause's id.

    A finding is explained when a rule that its own rule names in ``after`` has found something (of the same GPU, if
    both speak of single GPUs), directly or through further causes. A cause that could not look, itself or because of a
    further cause, explains only findings that could not look either: what a rule has seen with its own readings stands.
    A rule without subjects says ``skipped`` when there is a cause for their absence, and ``ok`` when there is none.
    What was not tried stays ``skipped`` whatever the cause.
    """
    by_id = {rule.id: rule for rule in rules}
    settled: dict[str, list[_Settled]] = {}

    def settle(rule: Rule) -> list[_Settled]:
        if rule.id not in settled:
            settled[rule.id] = []  # a rule among its own causes cannot explain itself
            causes = [(by_id[name], settle(by_id[name])) for name in rule.after if name in by_id]
            own = raw[rule.id] or [_nothing_here(rule)]
            settled[rule.id] = [_Settled(_explained(rule, finding, causes), finding.state) for finding in own]
        return settled[rule.id]

    return [one.finding for rule in rules for one in settle(rule)]


def _explained(rule: Rule, finding: Finding, causes: list[tuple[Rule, list[_Settled]]]) -> Finding:
    if finding.state == "ok" or finding.evidence[:1] == UNTRIED:
        return finding
    blind = finding.state in {"unknown", "skipped"}
    root = next(
        (
            one.finding.caused_by or one.finding.rule
            for cause, said in causes
            for one in said
            if _speak_of_one(rule, finding, cause, one.finding)
            and (one.was in _FIRED or (blind and one.finding.state in {"unknown", "skipped"}))
        ),
        "",
    )
    if not root:
        return _ok(rule, finding.subject) if finding == _nothing_here(rule) else finding
    return Finding(
        rule=rule.id,
        state="skipped",
        subject=finding.subject,
        summary=rule.title,
        evidence=finding.evidence,
        caused_by=root,
        source=rule.source,
    )


def _speak_of_one(rule: Rule, finding: Finding, cause: Rule, one: Finding) -> bool:
    """Say whether both findings are of one subject; a rule over the whole machine speaks of every one."""
    if HERE in {finding.subject, one.subject}:
        return True
    ours, theirs = framework_of(finding.subject), framework_of(one.subject)
    if ours and theirs:
        return ours == theirs
    return rule.over is None or rule.over is not cause.over or one.subject == finding.subject


def _nothing_here(rule: Rule) -> Finding:
    return Finding(rule=rule.id, state="skipped", subject=HERE, summary=rule.title, source=rule.source)


def _untried(rule: Rule, how: str) -> Finding:
    return Finding(
        rule=rule.id,
        state="skipped",
        subject=HERE,
        summary=f"not tried whether: {rule.title}",
        evidence=(*UNTRIED, how),
        source=rule.source,
    )


def _ok(rule: Rule, subject: str) -> Finding:
    return Finding(
        rule=rule.id,
        state="ok",
        subject=subject,
        summary=f"looked for and not found: {rule.title}",
        source=rule.source,
    )


def _finding(rule: Rule, subject: str, verdict: Verdict, machine: Machine) -> Finding:
    return Finding(
        rule=rule.id,
        state=verdict.state,
        subject=verdict.subject or subject,
        summary=verdict.summary,
        evidence=verdict.evidence,
        remedy=None if verdict.fix is None else remedy(verdict.fix, machine),
        source=rule.source,
    )


def _unknown(rule: Rule, subject: str, unread: Unread) -> Finding:
    code = "" if unread.code is None else f" (code {unread.code})"
    detail = f": {unread.detail}" if unread.detail else ""
    return Finding(
        rule=rule.id,
        state="unknown",
        subject=subject,
        summary=COULD_NOT_LOOK + rule.title,
        evidence=(f"{unread.source} {_WHY[unread.unread]}{code}{detail}" if unread.source else unread.detail,),
        source=rule.source,
    )


def _fault(rule: Rule, subject: str, error: Exception) -> Finding:
    return Finding(
        rule=rule.id,
        state="unknown",
        subject=subject,
        summary=COULD_NOT_LOOK + rule.title,
        evidence=(f"rule {rule.id} is at fault: {type(error).__name__}: {error}",),
        remedy=Remedy(text="This is a fault of gpusetup; please report it with the output of `gpusetup detect`"),
        source=rule.source,
    )
