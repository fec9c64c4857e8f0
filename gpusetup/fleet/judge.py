"""The judgement over a fleet: pure, from what was gathered to one `Fleet`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from gpusetup import __version__
from gpusetup.errors import EXIT_FINE, EXIT_PROBLEMS, CannotLookError
from gpusetup.fleet.bits import judge_bits
from gpusetup.fleet.clocks import clock_reasons
from gpusetup.fleet.differing import difference_reasons
from gpusetup.fleet.gather import Gathered
from gpusetup.fleet.groups import grouped
from gpusetup.fleet.host import Host
from gpusetup.fleet.inventory import NO_PLAN, Plan
from gpusetup.fleet.links.judge import judge_links
from gpusetup.fleet.links.model import Links, Record
from gpusetup.fleet.links.reasons import link_reasons, unattributed
from gpusetup.fleet.majority import compare
from gpusetup.fleet.model import (
    RANK,
    Bits,
    Common,
    Difference,
    Fleet,
    Group,
    HostResult,
    Inventory,
    Reason,
    SharedFinding,
    State,
)
from gpusetup.fleet.outliers import ALARM_RATE
from gpusetup.fleet.reasons import (
    bit_reasons,
    gap_reasons,
    identity_reasons,
    own_reasons,
    silent_reasons,
    speed_reasons,
    unjudged_reasons,
    unknown_reasons,
)
from gpusetup.fleet.shared import blind_reasons, finding_reasons, shared_findings
from gpusetup.fleet.speed import judge_speed
from gpusetup.text import neutral

MOST_REASONS = 40
"""Reasons that one host shows; beyond, only their number."""
_LONGEST_DRAIN = 240
_KINDS = (
    "unreadable",
    "missing",
    "expectation",
    "proof",
    "bits",
    "finding",
    "difference",
    "speed",
    "link",
    "identity",
    "clock",
)


def judge(gathered: Gathered, now: datetime, plan: Plan = NO_PLAN) -> Fleet:
    """Return the judgement over all hosts that were gathered or are expected; `now` is when."""
    hosts = dict(gathered.hosts)
    links = tuple(map(judge_links, gathered.links))
    for name in _linked(gathered.links):
        hosts.setdefault(name, Host(name))
    missing = _missing(hosts, plan)
    for name in missing:
        hosts[name] = Host(name)
    ordered = sorted(hosts.values(), key=lambda one: natural(one.name))
    members = grouped(ordered, plan.role_of)
    group_of = {one.name: name for name, some in members.items() for one in some}
    reasons: dict[str, list[Reason]] = defaultdict(list)
    groups: list[Group] = []
    differences: list[Difference] = []
    findings: list[SharedFinding] = []
    notes: list[str] = []
    for name, some in members.items():
        compared, shared = compare(name, some), shared_findings(name, some)
        differences += compared.differences
        findings += shared
        _take(reasons, difference_reasons(compared.differences, len(some)))
        _take(reasons, finding_reasons(some, shared))
        _take(reasons, blind_reasons(some))
        _take(reasons, unknown_reasons(compared.unknown))
        _take(reasons, unjudged_reasons(some, plan))
        _take(reasons, silent_reasons(some, compared.unknown))
        notes += _not_compared(name, compared.nowhere, some)
        groups.append(_group(name, some, plan, compared.common))
    bits, figures = judge_bits(ordered), judge_speed(ordered, plan.role_of)
    for told in (
        own_reasons(ordered), gap_reasons(ordered, {*missing}), bit_reasons(bits), speed_reasons(figures),
        clock_reasons(ordered, now), identity_reasons(ordered), link_reasons(links),
    ):  # fmt: skip
        _take(reasons, told)
    results = tuple(_result(one, reasons[one.name], group_of[one.name]) for one in ordered)
    return Fleet(
        gpusetup=__version__,
        at=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        verdict=_verdict(results, findings, bits, differences, links),
        hosts=results,
        groups=tuple(groups),
        differences=tuple(sorted(differences, key=_place)),
        findings=tuple(findings),
        bits=tuple(bits),
        figures=tuple(figures),
        links=links,
        inventory=Inventory(
            file=plan.file,
            expected=len(plan.roles),
            missing=tuple(missing),
            unexpected=tuple(name for name in gathered.hosts if plan.roles and not plan.named(name)),
        ),
        spoilt=gathered.spoilt,
        notes=tuple(notes),
        alarm_rate=ALARM_RATE,
    )


def _group(name: str, some: Sequence[Host], plan: Plan, common: tuple[Common, ...]) -> Group:
    return Group(
        name=name,
        product=some[0].product,
        role=plan.role_of(some[0].name),
        hosts=len(some),
        cards=sum(len(one.cards) for one in some),
        common=common,
    )


def exit_code(fleet: Fleet, fail_on: str = "error") -> int:
    """Return 1 for a host to drain (at ``warning`` also for one that differs), 3 for what is unknown, else 0."""
    states = {one.state for one in fleet.hosts}
    shared = {one.state for one in fleet.findings if one.everywhere}
    if "drain" in states or "error" in shared:
        return EXIT_PROBLEMS
    if fail_on == "warning" and ("attention" in states or shared or fleet.differences):
        return EXIT_PROBLEMS
    return CannotLookError.exit_code if fleet.verdict == "unknown" else EXIT_FINE


def natural(name: str) -> tuple[tuple[int, int | str], ...]:
    """Return a key by which ``node9`` comes before ``node10``."""
    return tuple((0, int(part[:18])) if part.isdecimal() else (1, part) for part in re.split("([0-9]+)", name) if part)


def _verdict(
    hosts: Iterable[HostResult],
    findings: Iterable[SharedFinding],
    bits: Iterable[Bits],
    found: Iterable[Difference],
    links: Iterable[Links],
) -> State:
    states = {one.state for one in hosts}
    if "drain" in states:
        return "drain"
    if "unknown" in states or any(one.state == "no majority" for one in bits) or any(map(unattributed, links)):
        return "unknown"
    undecided = any(not one.most and one.weight != "note" for one in found)
    return "attention" if "attention" in states or undecided or any(one.everywhere for one in findings) else "ok"


def _take(reasons: Mapping[str, list[Reason]], told: Iterable[tuple[str, Reason]]) -> None:
    for name, reason in told:
        reasons[name].append(reason)


def _linked(records: Iterable[Record]) -> Iterator[str]:
    return (neutral(place.host) for record in records for place in record.ranks)


def _missing(hosts: Mapping[str, Host], plan: Plan) -> list[str]:
    given = {plan.named(name) for name in hosts}
    return sorted((name for name in plan.roles if name not in given), key=natural)


def _not_compared(group: str, titles: Sequence[str], hosts: Sequence[Host]) -> Iterator[str]:
    if titles and len(hosts) > 1:
        yield f"{group}: not compared, since most hosts could not read it: {', '.join(sorted(set(titles)))}"


def _result(host: Host, reasons: Sequence[Reason], group: str) -> HostResult:
    ranked = sorted(reasons, key=lambda one: (RANK[one.weight], _KINDS.index(one.kind)))
    weights = {one.weight for one in ranked}
    state: State = "ok"
    for weight, means in (("drain", "drain"), ("unknown", "unknown"), ("warn", "attention")):
        if weight in weights:
            state = means  # type: ignore[assignment]  # one of the states
            break
    kept = tuple(ranked[:MOST_REASONS])
    if len(ranked) > MOST_REASONS:
        more = f"and {len(ranked) - MOST_REASONS} more reasons"
        kept = (*kept, Reason(kind="difference", weight="note", text=more))
    has = tuple(what for what, there in (("machine", host.machine), ("report", host.problems is not None),
                                         ("proof", host.proof is not None)) if there)  # fmt: skip
    return HostResult(
        name=host.name, state=state, group=group, drain=_drain(ranked) if state == "drain" else "", reasons=kept,
        read_at=host.read_at or host.report_at or host.proof_at, cards=len(host.cards), has=has,  # type: ignore[arg-type]  # of the three
        called=host.called if host.called != host.name else "",
    )  # fmt: skip


def _drain(ranked: Sequence[Reason]) -> str:
    """Return the first reason and the number of the others, short enough for a scheduler's field."""
    first, more = ranked[0].text, sum(one.weight == "drain" for one in ranked) - 1
    tail = f" (+{more} more)" if more else ""
    return f"{first[: _LONGEST_DRAIN - len(tail)]}{tail}"


def _place(one: Difference) -> tuple[bool, int, int, str]:
    """Order differences: those with a majority first, the weighty and rare ones before others."""
    return not one.most, RANK[one.weight], sum(len(other.hosts) for other in one.others), one.property
