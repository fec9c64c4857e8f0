"""Folds consequences under their root cause, so that the first thing a user reads is the cause."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gpusetup.doctor.finding import Finding
from gpusetup.doctor.frameworks import framework_of
from gpusetup.doctor.outcome import UNTRIED, ok
from gpusetup.doctor.rule import HERE, Rule

_FIRED = {"error", "warning", "info"}


class _Settled(msgspec.Struct, frozen=True):
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
            own = raw[rule.id] or [_nothing_here(rule)]
            fine = all(finding.state == "ok" for finding in own)
            causes = [] if fine else [(by_id[name], settle(by_id[name])) for name in rule.after if name in by_id]
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
            if (one.was in _FIRED or (blind and one.finding.state in {"unknown", "skipped"}))
            and _speak_of_one(rule, finding, cause, one.finding)
        ),
        "",
    )
    if not root:
        return ok(rule, finding.subject) if finding == _nothing_here(rule) else finding
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
