"""Severities that a fleet sets for itself: how bad the findings of a rule are to it, or that it does not want them.

A file of them is TOML, with a rule's id or slug on the left::

    [severity]
    ecc-disabled = "error"
    PCI003 = "info"
    persistence-off = "off"               # still examined, and in the report as silenced
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from gpusetup.doctor.examine import RANK, examine
from gpusetup.doctor.finding import Finding
from gpusetup.doctor.rule import Rule
from gpusetup.errors import WrongInputError
from gpusetup.files import read
from gpusetup.machine.model import Machine
from gpusetup.text import nearest
from gpusetup.value import Value

Level = Literal["error", "warning", "info", "off"]
FOUND = ("error", "warning", "info")


class _File(Value):
    severity: dict[str, Level]


class Severities(msgspec.Struct, frozen=True):
    """The levels by rule id, and the file that sets them."""

    levels: Mapping[str, Level]
    file: str

    def examine(self, machine: Machine, rules: Iterable[Rule]) -> tuple[Finding, ...]:
        """Return what `rules` find on `machine`, with their levels.

        A rule that is off is examined by itself: it explains nothing, so what it would explain is found.
        """
        rules = tuple(rules)
        wanted = [one for one in rules if self.levels.get(one.id) != "off"]
        found = [self._changed(one) for one in examine(machine, wanted)]
        off = [one for one in rules if self.levels.get(one.id) == "off"]
        found += [self._off(one) for one in examine(machine, off)]
        return tuple(sorted(found, key=lambda one: RANK[one.state]))  # stable: causes stay before consequences

    def required(self, rules: Iterable[Rule]) -> list[Rule]:
        """Return `rules` with those required whose level is error, and those not that were made milder."""
        return [
            msgspec.structs.replace(one, required=level == "error") if (level := self.levels.get(one.id)) else one
            for one in rules
        ]

    def _changed(self, one: Finding) -> Finding:
        level = self.levels.get(one.rule)
        if level is None or level == "off" or one.state not in FOUND or level == one.state:
            return one
        said = f"severity changed from {one.state} to {level} by {self.file}"
        return msgspec.structs.replace(one, state=level, evidence=(*one.evidence, said))

    def _off(self, one: Finding) -> Finding:
        if one.state in {"ok", "skipped"}:
            return one
        return msgspec.structs.replace(one, state="skipped", silenced=f"{one.state} turned off by {self.file}")


def load(path: Path, rules: Iterable[Rule]) -> Severities:
    """Read a file of severities; raises `WrongInputError` naming the file and the place, also for an unknown rule."""
    try:
        said = msgspec.toml.decode(read(path, "the severities"), type=_File).severity
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise WrongInputError(
            f"{path} is not a file of severities: {error}",
            'below [severity], a rule is "error", "warning", "info" or "off"',
        ) from error
    names = {name: one.id for one in rules for name in (one.id, one.slug)}
    levels: dict[str, Level] = {}
    for name, level in said.items():
        rule_id = _id(path, name, names)
        if levels.setdefault(rule_id, level) != level:
            raise WrongInputError(f"{path} gives {rule_id} two severities", "leave one of the two lines")
    return Severities(levels, str(path))


def _id(path: Path, name: str, names: Mapping[str, str]) -> str:
    known = names.get(name) or names.get(name.upper()) or names.get(name.lower())
    if known is None:
        near = nearest(name, list(names))
        hint = f"; did you mean {near}?" if near else ""
        raise WrongInputError(f"{path}: no rule is called {name}{hint}", "gpusetup doctor --list shows them all")
    return known
