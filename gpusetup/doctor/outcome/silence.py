"""Silences: findings that their owner has accepted, each with a reason and a day on which it ends.

A file of them is TOML::

    [[silence]]
    rule = "pcie-width-reduced"          # its slug or its id
    subject = "GPU 0"                     # left out: every subject
    reason = "the case needs a riser"
    until = 2027-01-31
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from gpusetup.doctor.finding import Finding
from gpusetup.doctor.registry import rule_called
from gpusetup.errors import WrongInputError
from gpusetup.files import read
from gpusetup.value import Value

if TYPE_CHECKING:
    from gpusetup.doctor.rule import Rule

Text = Annotated[str, msgspec.Meta(min_length=1)]


class Silence(Value):
    """One finding that is not to be counted up to and including the day `until`."""

    rule: Text
    reason: Text
    until: date
    subject: str = ""

    def covers(self, one: Finding) -> bool:
        """Say whether this silence means that finding."""
        return one.rule == self.rule and self.subject in {"", one.subject}


class _File(Value):
    silence: tuple[Silence, ...] = ()


def load(path: Path) -> tuple[Silence, ...]:
    """Read a file of silences; raises `WrongInputError` naming the file and the place inside it."""
    try:
        return msgspec.toml.decode(read(path, "the silences"), type=_File).silence
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise WrongInputError(
            f"{path} is not a file of silences: {error}", "each needs a rule, a reason and a day `until`"
        ) from error


def by_id(silences: tuple[Silence, ...], rules: dict[str, Rule], file: str) -> tuple[Silence, ...]:
    """Return `silences` with the ids of their rules, which they may name by slug.

    Raises `WrongInputError` naming the `file` for one that is no rule: a silence that covers nothing is a mistake.
    """
    return tuple(msgspec.structs.replace(one, rule=rule_called(rules, one.rule, f"{file}: ").id) for one in silences)


def silenced(findings: tuple[Finding, ...], silences: tuple[Silence, ...], today: date) -> tuple[Finding, ...]:
    """Return `findings` with those that a silence covers skipped; one that has expired is named in the evidence."""
    return tuple(_silenced(one, silences, today) for one in findings)


def _silenced(one: Finding, silences: tuple[Silence, ...], today: date) -> Finding:
    if one.state in {"ok", "skipped"}:
        return one
    for silence in silences:
        if silence.covers(one):
            if today <= silence.until:
                said = f"{one.state} silenced until {silence.until}: {silence.reason}"
                return msgspec.structs.replace(one, state="skipped", silenced=said)
            expired = f"its silence ended on {silence.until} ({silence.reason})"
            return msgspec.structs.replace(one, evidence=(*one.evidence, expired))
    return one
