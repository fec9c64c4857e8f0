"""Folds consequences under their root cause, so that the first thing a user reads is the cause."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gpusetup.doctor.finding import Finding
from gpusetup.doctor.frameworks import framework_of
from gpusetup.doctor.rule import HERE, Rule
from gpusetup.doctor.to_finding import UNTRIED, nothing_here

_FIRED = {"error", "warning", "info"}
ANY, NO_FRAMEWORK, FRAMEWORK = "\0any", "\0none", "\0framework "
"""Names that no subject has."""


class _Folded(msgspec.Struct, frozen=True):
    """A finding after folding, and the state it had before."""

    finding: Finding
    was: str


class _Said:
    """What one rule has said, by subject: a machine may have thousands."""

    def __init__(self, findings: list[_Folded]) -> None:
        self.all = findings
        self._by_blind: dict[bool, _Roots] = {}

    def about(self, subject: str, *, blind: bool, apart: bool) -> str:
        """Return the root cause among these findings for one of `subject`; "" for none.

        A finding over the whole machine speaks of every subject, one of a framework of each of its copies; with `apart`
        (both rules go over the same things) one of any other thing speaks of that thing alone.
        """
        if blind not in self._by_blind:
            self._by_blind[blind] = _Roots(self.all, blind=blind)
        return self._by_blind[blind].of(subject, apart=apart)


Causes = list[tuple[Rule, _Said]]


class _Roots:
    """Place and id of the first root cause for each subject."""

    def __init__(self, findings: list[_Folded], *, blind: bool) -> None:
        self._first: dict[str, tuple[int, str]] = {}
        for place, one in enumerate(findings):
            state = one.finding.state
            if one.was in _FIRED or (blind and state in {"unknown", "skipped"} and one.finding.evidence[:1] != UNTRIED):
                root = (place, one.finding.caused_by or one.finding.rule)
                for key in _keys(one.finding.subject):
                    self._first.setdefault(key, root)

    def of(self, subject: str, *, apart: bool) -> str:
        framework = framework_of(subject)
        keys: tuple[str, ...]
        if subject == HERE or (not framework and not apart):
            keys = (ANY,)
        elif framework:
            keys = (HERE, FRAMEWORK + framework, *(() if apart else (NO_FRAMEWORK,)))
        else:
            keys = (HERE, subject)
        return min((self._first[key] for key in keys if key in self._first), default=(0, ""))[1]


def _keys(subject: str) -> tuple[str, ...]:
    """Return under which names a cause that speaks of `subject` is found."""
    framework = framework_of(subject)
    return (ANY, subject, FRAMEWORK + framework if framework else NO_FRAMEWORK)


def fold(rules: Sequence[Rule], raw: dict[str, list[Finding]]) -> list[Finding]:
    """Replace each finding that another rule's finding explains by ``skipped``, with the root cause's id.

    A finding is explained when a rule that its own rule names in ``after`` has found something (of the same GPU, if
    both speak of single GPUs), directly or through further causes. A cause that could not look, itself or because of a
    further cause, explains only findings that could not look either: what a rule has seen with its own readings stands.
    A rule without subjects says ``skipped`` when there is a cause for their absence, and ``ok`` when there is none.
    What was not tried stays ``skipped`` whatever the cause.
    """
    by_id = {rule.id: rule for rule in rules}
    settled: dict[str, _Said] = {}

    def settle(rule: Rule) -> _Said:
        if rule.id not in settled:
            settled[rule.id] = _Said([])  # a rule among its own causes cannot explain itself
            own, here = raw[rule.id], bool(raw[rule.id])
            fine = here and all(finding.state == "ok" for finding in own)
            causes = [] if fine else [(by_id[name], settle(by_id[name])) for name in rule.after if name in by_id]
            settled[rule.id] = _Said(
                [_Folded(_explained(rule, finding, causes), finding.state) for finding in own]
                if here
                else [_Folded(_without_subjects(rule, causes), "skipped")]
            )
        return settled[rule.id]

    return _to_roots([one.finding for rule in rules for one in settle(rule).all])


def _to_roots(findings: list[Finding]) -> list[Finding]:
    """Name the root of each finding that says itself what caused it, where that cause was folded under another."""
    skipped = {one.rule: one.caused_by for one in findings if one.caused_by}
    for one in findings:
        if one.state != "skipped":
            skipped.pop(one.rule, None)

    def root(name: str) -> str:
        seen = {name}
        while (further := skipped.get(name, "")) and further not in seen:
            seen.add(name := further)
        return name

    return [msgspec.structs.replace(one, caused_by=root(one.caused_by)) if one.caused_by else one for one in findings]


def _explained(rule: Rule, finding: Finding, causes: Causes) -> Finding:
    if finding.state == "ok" or finding.evidence[:1] == UNTRIED:
        return finding
    root = finding.caused_by or _root(rule, finding.subject, causes, blind=finding.state == "unknown")
    return _skipped(rule, finding.subject, root, finding.evidence) if root else finding


def _without_subjects(rule: Rule, causes: Causes) -> Finding:
    root = _root(rule, HERE, causes, blind=True)
    return _skipped(rule, HERE, root, ()) if root else nothing_here(rule, HERE)


def _skipped(rule: Rule, subject: str, root: str, evidence: tuple[str, ...]) -> Finding:
    return Finding(
        rule=rule.id,
        state="skipped",
        subject=subject,
        summary=rule.title,
        evidence=evidence,
        caused_by=root,
        source=rule.source,
    )


def _root(rule: Rule, subject: str, causes: Causes, *, blind: bool) -> str:
    """Return the rule that explains what `rule` says of `subject`, "" for none."""
    for cause, said in causes:
        apart = rule.over is not None and rule.over is cause.over
        root = said.about(subject, blind=blind, apart=apart)
        if root and root != rule.id:  # what follows from this very finding, as the log says, is no cause of it
            return root
    return ""
