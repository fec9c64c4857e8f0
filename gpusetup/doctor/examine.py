"""Runs the rules over a machine and folds every consequence under its root cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from gpusetup.doctor.finding import Finding
from gpusetup.doctor.gpu.subjects import slots, working
from gpusetup.doctor.outcome.blockers import Cards
from gpusetup.doctor.outcome.fold import fold
from gpusetup.doctor.outcome.to_finding import fault, found, missing, ok, unknown, untried
from gpusetup.doctor.rule import HERE, Rule, Subject, UnreadError, UntriedError, Waiver, waivers
from gpusetup.doctor.stage import PLACE
from gpusetup.errors import GpusetupError
from gpusetup.machine.model import Machine, Unread

RANK = {"error": 0, "warning": 1, "unknown": 2, "info": 3, "skipped": 4, "ok": 5}


def examine(machine: Machine, rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """Return what every rule says of `machine`, worst first; of several root causes see `_order`."""
    rules = tuple(rules)
    silent = (missing(machine.gpus),) if isinstance(machine.gpus, Unread) else ()
    cards = Cards(slots(machine), working(machine), silent)
    findings = fold(rules, {rule.id: judge(rule, machine) for rule in rules}, cards)
    return tuple(sorted(findings, key=_order(rules, findings)))


def _order(rules: Iterable[Rule], findings: Iterable[Finding]) -> Callable[[Finding], tuple[int, bool, int, int, str]]:
    """Return the order of findings: worst first, then what explains others, the earliest stage, what explains most."""
    place = {rule.id: PLACE[rule.stage] for rule in rules}
    explains = Counter(one.caused_by for one in findings)
    return lambda one: (RANK[one.state], not explains[one.rule], place[one.rule], -explains[one.rule], one.rule)


def judge(rule: Rule, machine: Machine) -> list[Finding]:
    """Return what `rule` says of each of its subjects; nothing at all when it has no subjects here."""
    waivers()
    try:
        places: Sequence[Subject | None] = [None] if rule.over is None else list(rule.over(machine))
    except Exception as error:
        return [_unjudged(rule, HERE, error, machine)]
    before = waivers()
    return [finding for place in places for finding in judge_one(rule, machine, place, before)]


def judge_one(rule: Rule, machine: Machine, place: Subject | None, before: tuple[Waiver, ...] = ()) -> list[Finding]:
    """Return what `rule` says of one subject; what it has found before it met what cannot be read stands.

    `before` is what was done without when the subjects were looked for.
    """
    subject = HERE if place is None else place[0]
    waivers()  # what is left of a subject that was not well is no other's
    findings: list[Finding] = []
    try:
        for verdict in rule.judge(machine) if place is None else rule.judge(machine, place[1]):
            findings.append(found(rule, subject, verdict, machine))  # noqa: PERF401 - what came before an error stays
    except Exception as error:
        findings.append(_unjudged(rule, subject, error, machine))
    return findings or [ok(rule, subject, (*before, *waivers()))]


def _unjudged(rule: Rule, subject: str, error: Exception, machine: Machine) -> Finding:
    """Return what is said of a subject that `error` kept from being judged; one rule must not hide the others."""
    if isinstance(error, UnreadError):
        return unknown(rule, subject, error.unread, machine)
    if isinstance(error, UntriedError):
        return untried(rule, subject, str(error))
    if isinstance(error, GpusetupError):  # the host said something that cannot be understood, a version for instance
        return unknown(rule, subject, Unread(unread="failed", source="a reading", detail=error.message), machine)
    return fault(rule, subject, error)
