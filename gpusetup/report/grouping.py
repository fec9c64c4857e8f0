"""Findings that say the same of several GPUs, as one that names them all: a machine may have eight."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding


def together(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings in their order, those that say the same of several subjects as one that names them all."""
    groups: dict[object, list[Finding]] = {}
    for one in findings:
        same = (one.rule, one.state, one.summary, told(one))
        groups.setdefault(id(one) if one.state == "unknown" else same, []).append(one)
    return [msgspec.structs.replace(some[0], subject=_subjects(some)) for some in groups.values()]


def told(one: Finding) -> tuple[object, ...]:
    """Return what is printed below the finding's summary: how it is known, and what to do."""
    return one.evidence, one.remedy and (one.remedy.text, one.remedy.commands)


def _subjects(findings: Iterable[Finding]) -> str:
    """Return ``GPU 0, 1, 2``: what the subjects have in common is said once."""
    names = list(dict.fromkeys(one.subject for one in findings))
    kind = names[0].rpartition(" ")[0] + " "
    alike = all(name.startswith(kind) and " " not in name.removeprefix(kind) for name in names)
    return ", ".join([names[0], *(name.removeprefix(kind) if alike else name for name in names[1:])])
