"""Two faults of the case files on one host: what is a fault of its own must not be folded under the other."""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import msgspec

from gpusetup.doctor.examine import examine
from gpusetup.doctor.finding import Finding
from gpusetup.doctor.registry import all_rules
from gpusetup.machine.model import Machine
from tests.doctor.machines import HERE, laid_over

RULES = all_rules()
FIRED = {"error", "warning", "info"}


class Fault(NamedTuple):
    """One table of a case file: the host, and what is laid over it."""

    name: str
    host: str
    both: dict[str, Any]
    fires: dict[str, Any]


class Hidden(NamedTuple):
    """A finding that one fault alone shows, and the other one's root cause under which it is folded."""

    rule: str
    subject: str
    cause: str


@cache
def faults() -> dict[str, Fault]:
    """Return every fault of ``cases/`` by the name of its table."""
    files = sorted((HERE / "cases").glob("*.toml"))
    tables = {name: said for file in files for name, said in tomllib.loads(file.read_text()).items()}
    return {
        name: Fault(name, said.get("host", "desktop"), said.get("both", {}), said["fires"])
        for name, said in tables.items()
    }


def fault_pairs() -> Iterator[tuple[str, str]]:
    """Yield the names of every two faults of one host."""
    for first, second in itertools.combinations(faults().values(), 2):
        if first.host == second.host:
            yield first.name, second.name


def hidden(first: str, second: str) -> list[Hidden] | None:
    """Return what either fault shows alone and the pair does not; None where one change cannot be laid over the other.

    What the second change has undone of the first is no longer there, and not hidden.
    """
    try:
        pair = _host(first, second)
    except (msgspec.ValidationError, TypeError, KeyError, AttributeError):  # both replace one reading, in two forms
        return None
    alone = {name: _shown(name) for name in (first, second)}
    folded = {(one.rule, one.subject): one.caused_by for one in examine(pair, RULES.values()) if one.caused_by}
    return [
        Hidden(rule, subject, folded[rule, subject])
        for name, shown in alone.items()
        for rule, subject in shown
        if (rule, subject) in folded and _is_still_there(pair, rule, subject)
    ]


def is_allowed(one: Hidden) -> bool:
    """Say whether a rule's own declarations allow it to be folded: it is a symptom, or names its cause."""
    return RULES[one.rule].symptom or one.cause in _causes(one.rule)


@cache
def _causes(rule: str) -> frozenset[str]:
    """Return what can be the cause of `rule`: what it names, and the causes of those, by name or by stage."""
    found: set[str] = set()
    pending = [rule]
    while pending:
        one = RULES[pending.pop()]
        further = {*one.after, *one.disproved_by} - found
        if one.symptom:
            further |= {other.id for other in RULES.values() if other.blocks} - found
        found |= further
        pending += further
    return frozenset(found)


def _host(*names: str) -> Machine:
    value = json.loads((HERE / "hosts" / f"{faults()[names[0]].host}.json").read_text())
    for name in names:
        value = laid_over(value, faults()[name].both)
    for name in names:
        value = laid_over(value, faults()[name].fires)
    return msgspec.convert(value, Machine)


@cache
def _shown(name: str) -> frozenset[tuple[str, str]]:
    found = examine(_host(name), RULES.values())
    return frozenset((one.rule, one.subject) for one in found if one.state in FIRED)


def _is_still_there(pair: Machine, rule: str, subject: str) -> bool:
    """Say whether the rule, asked alone, still finds it: then nothing but folding hides it."""
    found: tuple[Finding, ...] = examine(pair, [RULES[rule]])
    return any(one.state in FIRED and one.subject == subject for one in found)
