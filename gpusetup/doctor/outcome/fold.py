"""Folds consequences under their root cause, so that the first thing a user reads is the cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from gpusetup.doctor.finding import Finding
from gpusetup.doctor.gpu.subjects import READS
from gpusetup.doctor.outcome.blockers import BLOCKING, Blocker, Blockers, Cards
from gpusetup.doctor.outcome.to_finding import CANNOT_CHECK, not_tried, nothing_here
from gpusetup.doctor.outcome.verdict import NO_GPU
from gpusetup.doctor.rule import HERE, Rule
from gpusetup.doctor.software.frameworks import framework_of
from gpusetup.doctor.stage import PLACE

_FIRED = {"error", "warning", "info"}
ANY, NO_FRAMEWORK, FRAMEWORK, NO_CARD, CARD = "\0any", "\0none", "\0framework ", "\0no card", "\0card "
"""Names that no subject has."""
FRAMEWORKS = "framework"


class _Folded(msgspec.Struct, frozen=True):
    """A finding after folding, and the state it had before."""

    finding: Finding
    was: str


class _Said:
    """What one rule has said, by subject: a machine may have thousands."""

    def __init__(self, findings: list[_Folded], cards: Cards) -> None:
        self.all = findings
        self._cards = cards
        self._by_blind: dict[bool, _Roots] = {}

    def about(self, subject: str, *, blind: bool, apart: bool) -> str:
        """Return the root cause among these findings for one of `subject`; "" for none.

        A finding over the whole machine speaks of every subject, one of a card of that card, one of a framework of
        each of its copies; with `apart` (both rules go over the same things) one of any other thing speaks of that
        thing alone.
        """
        if blind not in self._by_blind:
            self._by_blind[blind] = _Roots(self.all, self._cards, blind=blind)
        return self._by_blind[blind].of(subject, apart=apart)


class _Roots:
    """Place and id of the first root cause for each subject."""

    def __init__(self, findings: list[_Folded], cards: Cards, *, blind: bool) -> None:
        self._first: dict[str, tuple[int, str]] = {}
        self._cards = cards
        for place, one in enumerate(findings):
            state = one.finding.state
            if one.was in _FIRED or (blind and state in {"unknown", "skipped"} and not not_tried(one.finding)):
                root = (place, one.finding.caused_by or one.finding.rule)
                for key in self._keys(one.finding.subject):
                    self._first.setdefault(key, root)

    def of(self, subject: str, *, apart: bool) -> str:
        framework, card = framework_of(subject), self._cards.of(subject)
        keys: tuple[str, ...]
        if card:
            keys = (HERE, CARD + card, *(() if apart else (NO_CARD,)))
        elif subject == HERE or (not framework and not apart):
            keys = (ANY,)
        elif framework:
            keys = (HERE, FRAMEWORK + framework, *(() if apart else (NO_FRAMEWORK,)))
        else:
            keys = (HERE, subject)
        return min((self._first[key] for key in keys if key in self._first), default=(0, ""))[1]

    def _keys(self, subject: str) -> tuple[str, ...]:
        """Return under which names a cause that speaks of `subject` is found."""
        framework, card = framework_of(subject), self._cards.of(subject)
        return (
            ANY,
            subject,
            FRAMEWORK + framework if framework else NO_FRAMEWORK,
            CARD + card if card else NO_CARD,
        )


def fold(rules: Sequence[Rule], raw: dict[str, list[Finding]], cards: Cards) -> list[Finding]:
    """Replace each finding that another rule's finding explains by ``skipped``, with the root cause's id.

    A finding is explained by its own reading (an earlier line of a log), by its stage or by name. By stage: an error
    or a warning of a rule that `blocks` that stage, on the same card (`cards` says which subjects are one), or on all
    cards if it speaks of no card. That holds for what a `symptom` says, and for what a rule cannot check because the
    stage that it `reads` does not work; whatever else a rule has found is a fault of its own and stands. By name: a
    rule that its own rule names in ``after`` has found something (of the same card, if both speak of single cards).
    Either way directly or through further causes. Or another rule has found what disproves it.

    A cause that is unknown, itself or because of a further cause, explains only what is unknown too. A rule without
    subjects says ``skipped`` when there is a cause for their absence, and ``ok`` when there is none. What was not tried
    stays ``skipped`` whatever the cause.

    A warning that explains why a framework was seen to fail is an error: what it warns of has happened.
    """
    return _Folding(rules, raw, cards).findings()


class _Folding:
    """One run over the findings; a rule is settled after everything that could explain it."""

    def __init__(self, rules: Sequence[Rule], raw: dict[str, list[Finding]], cards: Cards) -> None:
        self._rules = rules
        self._raw = raw
        self._cards = cards
        self._by_id = {rule.id: rule for rule in rules}
        self._settled: dict[str, _Said] = {}
        self._blocking = [rule for rule in rules if rule.blocks and any(one.state in BLOCKING for one in raw[rule.id])]

    def findings(self) -> list[Finding]:
        """Return all findings in the order of the rules."""
        found = _to_roots([one for rule in self._rules for one in self._folded(rule)])
        return _as_bad_as_what_follows(found, {pair for rule in self._rules for pair in self._seen_to_fail(rule)})

    def _seen_to_fail(self, rule: Rule) -> Iterator[tuple[str, str]]:
        """Yield the rule and the subject of each error of the frameworks: what was only feared has happened."""
        said = self._settled.get(rule.id) if rule.stage == FRAMEWORKS else None
        yield from ((rule.id, one.finding.subject) for one in (said.all if said else ()) if one.was == "error")

    def _folded(self, rule: Rule) -> list[Finding]:
        own = self._raw[rule.id]
        # nearly every rule: what is in order needs no cause, and whoever names the rule as one settles it
        return own if _in_order(own) else [one.finding for one in self._settle(rule).all]

    def _settle(self, rule: Rule) -> _Said:
        if rule.id not in self._settled:
            # a rule among its own causes cannot explain itself
            self._settled[rule.id] = _Said([], self._cards)
            self._settled[rule.id] = _Said(self._explained(rule, self._raw[rule.id]), self._cards)
        return self._settled[rule.id]

    def _explained(self, rule: Rule, own: list[Finding]) -> list[_Folded]:
        if _in_order(own):
            return [_Folded(finding, "ok") for finding in own]
        causes = self._causes(rule)
        if not own:
            return [_Folded(_without_subjects(rule, causes), "skipped")]
        disproofs = self._named(rule.disproved_by)
        return [_Folded(_explained(rule, one, causes, self._blockers(rule, one), disproofs), one.state) for one in own]

    def _named(self, names: tuple[str, ...]) -> Causes:
        return [(self._by_id[name], self._settle(self._by_id[name])) for name in names if name in self._by_id]

    def _causes(self, rule: Rule) -> Causes:
        """Return the rules that `rule` names as its causes, without those that follow from it by the log."""
        names = [name for name in rule.after if all(one.caused_by != rule.id for one in self._raw.get(name, ()))]
        return self._named(tuple(names))

    def _blockers(self, rule: Rule, finding: Finding) -> Blockers:
        """Return what keeps the stage from working that `finding` is a symptom of, or that its rule reads from."""
        stage = rule.stage if rule.symptom else self._read_from(rule, finding)
        return Blockers(list(self._blocked(rule, stage)) if stage else [], self._cards, rule.stage)

    def _read_from(self, rule: Rule, finding: Finding) -> str:
        """Return the stage without which `rule` cannot check, "" where that is not why."""
        if finding.state != "unknown":
            return ""
        return rule.reads or (READS if finding.evidence == self._cards.silent else "")

    def _blocked(self, rule: Rule, stage: str) -> Iterator[Blocker]:
        for cause in self._blocking:
            if cause is not rule and PLACE[cause.blocks] <= PLACE[stage]:
                for one in self._settle(cause).all:
                    if one.was in BLOCKING and not self._follows(cause, one.finding.subject, rule):
                        yield Blocker(cause, one.finding.subject, one.finding.caused_by or cause.id)

    def _follows(self, cause: Rule, subject: str, rule: Rule) -> bool:
        """Say whether what `cause` found says itself, by the order of the log, that it follows from `rule`."""
        return any(one.caused_by == rule.id and one.subject == subject for one in self._raw[cause.id])


def _in_order(own: list[Finding]) -> bool:
    return bool(own) and all(finding.state == "ok" for finding in own)


Causes = list[tuple[Rule, _Said]]


def _explained(rule: Rule, finding: Finding, causes: Causes, blockers: Blockers, disproofs: Causes) -> Finding:
    if finding.state == "ok" or not_tried(finding):
        return finding
    blind = finding.state == "unknown"
    root = finding.caused_by or _root(rule, finding.subject, disproofs, blind=False)
    root = root or blockers.root_of(finding.subject, alone=not rule.symptom)
    root = root or _root(rule, finding.subject, causes, blind=blind)
    return msgspec.structs.replace(finding, state="skipped", caused_by=root, remedy=None) if root else finding


def _to_roots(findings: list[Finding]) -> list[Finding]:
    """Name the root of each finding whose own reading says what caused it, where that cause was folded itself."""
    folded = {one.rule: one.caused_by for one in findings if one.caused_by}
    for one in findings:
        if not one.caused_by:
            folded.pop(one.rule, None)
    return [_with_root(one, folded) if folded.get(one.caused_by) else one for one in findings]


def _as_bad_as_what_follows(findings: list[Finding], wrong: set[tuple[str, str]]) -> list[Finding]:
    """Make an error of each warning that explains one of the findings `wrong`, rule and subject."""
    # that no GPU is there is a warning of its own kind: nobody knows whether there should be one
    caused = [one for one in findings if one.state == "skipped" and one.caused_by not in {"", NO_GPU}]
    roots = {(one.caused_by, one.subject) for one in caused if (one.rule, one.subject) in wrong}
    whole = {root for root, subject in roots if subject == HERE}
    any_subject = {root for root, _ in roots}
    return [
        msgspec.structs.replace(one, state="error")
        if one.state == "warning"
        and ((one.rule, one.subject) in roots or one.rule in (any_subject if one.subject == HERE else whole))
        else one
        for one in findings
    ]


def _with_root(finding: Finding, folded: dict[str, str]) -> Finding:
    root, seen = finding.caused_by, {finding.rule}
    while folded.get(root) and root not in seen:
        seen.add(root)
        root = folded[root]
    return msgspec.structs.replace(finding, caused_by=root)


def _without_subjects(rule: Rule, causes: Causes) -> Finding:
    root = _root(rule, HERE, causes, blind=True)
    if not root:
        return nothing_here(rule, HERE)
    return Finding(
        rule=rule.id,
        slug=rule.slug,
        state="skipped",
        subject=HERE,
        summary=CANNOT_CHECK + rule.title,
        caused_by=root,
        source=rule.source,
    )


def _root(rule: Rule, subject: str, causes: Causes, *, blind: bool) -> str:
    """Return the rule that explains what `rule` says of `subject`, "" for none."""
    for cause, said in causes:
        apart = rule.over is not None and rule.over is cause.over
        if root := said.about(subject, blind=blind, apart=apart):
            return root
    return ""
