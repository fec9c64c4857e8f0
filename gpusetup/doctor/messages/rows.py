"""The rows of ``judged.json``: what a message says, and what that means."""

from __future__ import annotations

from functools import cache

import msgspec

from gpusetup.doctor.table import read_table

COMPANIONS = "goes on with another message"


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One judged message; the package's docstring tells the fields that its file has."""

    says: tuple[str, ...]
    means: str
    sample: str
    cause: str = ""
    fix: str = ""
    state: str = ""
    echo: bool = False
    device: bool = False
    status: str = ""
    """Text around the place where an NV_STATUS stands, ``status=0x%``."""
    init: bool = False
    """Whether it ends with the stage, the status and the line at which RmInitAdapter failed."""
    named: bool = False
    """Whether it is an assertion, with the expression, the file and the line that failed."""
    explains: tuple[str, ...] = ()
    """The Xids of the same GPU that follow from it."""
    general: bool = False
    """Whether any other row that fits goes before it."""
    kernel: str = ""
    older: str = ""


class Judged(msgspec.Struct, frozen=True):
    """A row, its name, the rule that reports it, and its texts cut into what has to follow one another."""

    rule: str
    name: str
    row: Row
    parts: tuple[tuple[str, ...], ...]


Parts = tuple[str, ...]


def cut(says: str) -> Parts:
    """Return the literal parts of a format in small letters, in the order in which they have to stand in a message."""
    return tuple(part for part in says.lower().split("%") if part)


def fits(small: str, parts: Parts) -> bool:
    """Say whether a message, in small letters, holds all of `parts` one after the other."""
    at = 0
    for part in parts:
        at = small.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


@cache
def rows() -> tuple[Judged, ...]:
    """Return every judged row; read only where a log has a message that is not ordinary."""
    table = read_table("messages/judged", dict[str, dict[str, Row]])
    return tuple(
        Judged(rule, name, row, tuple(map(cut, row.says))) for rule, some in table.items() for name, row in some.items()
    )


@cache
def _ordinary() -> dict[str, dict[str, str]]:
    return read_table("messages/ordinary", dict[str, dict[str, str]])


@cache
def ordinary() -> tuple[str, ...]:
    """Return what the drivers of healthy machines say as well; in small letters."""
    return tuple(text for name, some in _ordinary().items() if name != COMPANIONS for text in some)


def companions() -> tuple[str, ...]:
    """Return what only goes on with another message, which says all that it does; in small letters."""
    return tuple(_ordinary()[COMPANIONS])
