"""Workflow commands of GitHub Actions, which its runner shows as annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.report.formats.outcome import Outcome, Outcomes

COMMANDS = {"failed": "error", "warning": "warning", "unknown": "warning", "info": "notice"}


def github(found: Outcomes) -> str:
    """Return one annotation for every failure, warning, note, and for what could not be checked."""
    return "".join(_annotation(one) for one in found.rows if one.state in COMMANDS)


def _annotation(one: Outcome) -> str:
    where = f"file={_property(one.path)},line={one.line}," if one.path else ""
    title = _property(f"{one.rule} {one.subject}")
    return f"::{COMMANDS[one.state]} {where}title={title}::{_data('; '.join([one.message, *one.details]))}\n"


def _data(text: str) -> str:
    return neutral(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
