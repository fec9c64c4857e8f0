"""What differs between two examinations of one machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from gpusetup.doctor.finding import Finding
from gpusetup.value import Value

SHOWN = frozenset({"error", "warning", "unknown", "info"})


class FindingChange(Value):
    """One finding that came, went or changed its state; for one that went, `finding` is as it was last seen."""

    kind: Literal["new", "changed", "cleared"]
    finding: Finding
    was: str = ""
    """The state before, of one that changed."""


class Examination(Value):
    """One examination of a watched machine: `at` UTC in ISO 8601, the verdict, and what changed since the last one."""

    version: Literal[1] = 1
    at: str
    verdict: str
    changes: tuple[FindingChange, ...]


def changes(before: Iterable[Finding], after: Iterable[Finding]) -> tuple[FindingChange, ...]:
    """Return what `after` has that `before` had not, worst first, then what is gone.

    A finding is the same as long as rule and subject are; new evidence (a temperature that rose) is no change. What a
    cause now explains counts as cleared: the cause itself is reported as new.
    """
    old, new = _by_place(before), _by_place(after)
    told = [
        FindingChange(
            kind="changed" if place in old else "new", finding=one, was=old[place].state if place in old else ""
        )
        for place, one in new.items()
        if place not in old or old[place].state != one.state
    ]
    return (*told, *(FindingChange(kind="cleared", finding=one) for place, one in old.items() if place not in new))


def _by_place(findings: Iterable[Finding]) -> dict[tuple[str, str], Finding]:
    """Return the findings that are shown by rule and subject; of several of one rule and subject the worst."""
    found: dict[tuple[str, str], Finding] = {}
    for one in findings:  # worst first
        if one.state in SHOWN:
            found.setdefault((one.rule, one.subject), one)
    return found
