"""What comes out of a rule, as a `Finding`: nothing, something, not tried, or unknown."""

from __future__ import annotations

from gpusetup.doctor.finding import Finding, Remedy, State
from gpusetup.doctor.remedies.fixes import remedy
from gpusetup.doctor.rule import Rule, RuleResult, Waiver, either
from gpusetup.machine.model import NOT_RECORDED, Machine, Unread

CANNOT_CHECK = "cannot check: "
UNTRIED = ("not asked for",)
UNRECORDED = ("not recorded",)
"""Saved by a version that did not make this reading: neither well nor a reading that failed (`rules.ans.answers`)."""
NOTHING_HERE = ("this machine has nothing of the kind",)
AS_ROOT = Remedy(
    text="Root can read it: run gpusetup as root, or have root save the machine with `gpusetup detect`",
    commands=('sudo "$(command -v gpusetup)" doctor',),
)
ON_HOST = Remedy(text="Run gpusetup on the host of this container, which may show it", commands=("gpusetup doctor",))
_WHY = {
    "absent": "does not exist",
    "denied": "cannot be read by this user",
    "failed": "failed",
    "timeout": "does not answer in time",
    "unsupported": "is not supported here",
}


def untried(rule: Rule, subject: str, how: str) -> Finding:
    """Return that `rule` needs what was not asked for; `how` says how to ask."""
    return _finding(rule, subject, "skipped", f"not tried: {rule.title}", (*UNTRIED, how))


def ok(rule: Rule, subject: str, without: tuple[Waiver, ...] = ()) -> Finding:
    """Return that `rule` checked and found nothing; `without` is what its verdict does not rest on."""
    evidence = tuple(f"{missing(one.unread)}; {one.because}" for one in without)
    return _finding(rule, subject, "ok", f"not found: {rule.title}", evidence)


def nothing_here(rule: Rule, subject: str) -> Finding:
    """Return that this machine has nothing that `rule` speaks of: no finding, and no ground to call it healthy."""
    return _finding(rule, subject, "ok", f"nothing to check: {rule.title}", NOTHING_HERE)


def found(rule: Rule, subject: str, verdict: RuleResult, machine: Machine) -> Finding:
    """Return what `verdict` says, with its remedy for this machine."""
    return Finding(
        rule=rule.id,
        slug=rule.slug,
        state=verdict.state,
        subject=verdict.subject or subject,
        summary=verdict.summary,
        evidence=verdict.evidence,
        remedy=None if verdict.fix is None else remedy(verdict.fix, machine),
        caused_by=verdict.caused_by,
        source=rule.source,
    )


def unknown(rule: Rule, subject: str, unread: Unread, machine: Machine) -> Finding:
    """Return that `rule` cannot check, why, and who can where a user was refused or a container has less."""
    if unread == NOT_RECORDED:
        return unrecorded(rule, subject)
    return _finding(rule, subject, "unknown", CANNOT_CHECK + rule.title, (missing(unread),), _who_can(unread, machine))


def unrecorded(rule: Rule, subject: str) -> Finding:
    """Return that `rule` needs what the version that saved this machine did not record."""
    return _finding(rule, subject, "skipped", f"not recorded: {rule.title}", (*UNRECORDED, NOT_RECORDED.detail))


def not_tried(one: Finding) -> bool:
    """Say whether a rule did not run for want of what nobody asked for or recorded: no cause explains that."""
    return one.evidence[:1] in (UNTRIED, UNRECORDED)


def missing(unread: Unread) -> str:
    """Return what has no value, and why."""
    code = "" if unread.code is None else f" (code {unread.code})"
    detail = f": {unread.detail}" if unread.detail else ""
    return f"{unread.source} {_WHY[unread.unread]}{code}{detail}" if unread.source else unread.detail


def _who_can(unread: Unread, machine: Machine) -> Remedy | None:
    if unread.unread == "denied" and "root" not in (either(machine.system.groups) or ()):
        return AS_ROOT
    return ON_HOST if machine.system.container and unread.unread in {"denied", "absent"} else None


def fault(rule: Rule, subject: str, error: Exception) -> Finding:
    """Return that `rule` itself is at fault: one broken rule must not hide what the others found."""
    evidence = (f"rule {rule.id} is at fault: {type(error).__name__}: {error}",)
    report_it = Remedy(text="This is a fault of gpusetup: report it with the output of `gpusetup detect`")
    return _finding(rule, subject, "unknown", CANNOT_CHECK + rule.title, evidence, report_it)


def _finding(
    rule: Rule, subject: str, state: State, summary: str, evidence: tuple[str, ...], advice: Remedy | None = None
) -> Finding:
    return Finding(
        rule=rule.id,
        slug=rule.slug,
        state=state,
        subject=subject,
        summary=summary,
        evidence=evidence,
        remedy=advice,
        source=rule.source,
    )
