"""Root causes, and what each explains."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from gpusetup.doctor.outcome.grouping import subjects, together, told
from gpusetup.doctor.outcome.to_finding import CANNOT_CHECK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gpusetup.doctor.finding import Finding

_SHOWN = {"error", "warning", "unknown", "info"}


class Cause(NamedTuple):
    """A finding that nothing explains, or several that differ in their subject and evidence alone."""

    finding: Finding
    explained: tuple[Finding, ...]
    blind: tuple[Finding, ...]


class Reason(NamedTuple):
    """Rules that cannot check, all for one reason."""

    first: Finding
    rules: tuple[tuple[str, str, str], ...]
    """Rule, subjects, title."""


def causes(findings: tuple[Finding, ...]) -> list[Cause]:
    """Return the findings that nothing explains, in their order; those alike on several GPUs are one."""
    roots = _alike(together(one for one in findings if one.state in _SHOWN))
    first = {one.rule: place for place, one in reversed(list(enumerate(roots)))}
    found: list[Cause] = []
    for place, one in enumerate(roots):
        follows = [other for other in findings if other.caused_by == one.rule] if first[one.rule] == place else []
        blind = tuple(other for other in follows if other.summary.startswith(CANNOT_CHECK))
        rest = tuple(_alike(other for other in follows if not other.summary.startswith(CANNOT_CHECK)))
        found.append(Cause(one, rest, blind))
    return found


def _alike(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings, those with one remedy for several subjects as one with the evidence of all.

    Eight GPUs with the same Xid are one thing to do, although the log has a line for each.
    """
    groups: dict[object, list[Finding]] = {}
    for one in findings:
        same = (one.rule, one.state, one.summary, one.remedy and (one.remedy.text, one.remedy.commands), one.silenced)
        groups.setdefault(id(one) if one.state == "unknown" else same, []).append(one)
    return [_merged(some) for some in groups.values()]


def _merged(findings: list[Finding]) -> Finding:
    if len(findings) == 1:
        return findings[0]
    lines = tuple(dict.fromkeys(line for one in findings for line in one.evidence))
    return replace(findings[0], subject=subjects(one.subject for one in findings), evidence=lines)


def same_reason(unknown: Iterable[Cause]) -> list[Reason]:
    """Return the findings that cannot check, those with one reason together."""
    groups: dict[object, list[Finding]] = {}
    for one in unknown:
        groups.setdefault(told(one.finding), []).append(one.finding)
    return [Reason(some[0], _rules(some)) for some in groups.values()]


def _rules(findings: Iterable[Finding]) -> tuple[tuple[str, str, str], ...]:
    named: dict[tuple[str, str], list[str]] = {}
    for one in findings:
        named.setdefault((one.rule, one.summary.removeprefix(CANNOT_CHECK)), []).append(one.subject)
    return tuple((rule, subjects(some), title) for (rule, title), some in named.items())
