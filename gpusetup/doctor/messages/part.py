"""Which part of the driver a message comes from, and whether its source has the message: of what no row judges."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from gpusetup.doctor.messages.rows import Parts, cut, fits
from gpusetup.doctor.table import read_table

LETTERS = 8
"""A format with fewer letters in a row than these would fit too much."""
_FUNCTION = r"^nvrm:? (?:gpu\d{1,3} )?([a-z_]\w{3,80}): "


class Known(msgspec.Struct, frozen=True):
    """A message that the driver's source has: its level, its file and the branches that have it."""

    level: str
    file: str
    first: int
    last: int


@cache
def _formats() -> tuple[tuple[Parts, Known], ...]:
    table = read_table("messages/formats", dict[str, list[tuple[str, str, int, int] | str]])
    rows = ((file, row) for file, some in table.items() for row in some if isinstance(row, tuple))
    cuts = ((cut(text), Known(level, file, first, last)) for file, (text, level, first, last) in rows)
    return tuple((parts, one) for parts, one in cuts if max(map(len, parts), default=0) >= LETTERS)


def known_format(small: str) -> Known | None:
    """Return the derived format that a message (in small letters) fits best: the one with the most literal text."""
    fitting = [(sum(map(len, parts)), one) for parts, one in _formats() if fits(small, parts)]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


@cache
def _parts() -> dict[str, dict[str, list[str]]]:
    return read_table("messages/parts", dict[str, dict[str, list[str]]])


def part_of(small: str, file: str) -> str:
    """Return the part of the driver by the function that a message names, else by its source file; "" for neither."""
    found = re.match(_FUNCTION, small)
    function = found[1].lstrip("_").replace("_", "") if found else ""
    for kind, word in (("functions", function), ("files", file)):
        fitting = [(len(one), name) for name, row in _parts().items() for one in row[kind] if word.startswith(one)]
        if word and fitting:
            return max(fitting)[1]
    return ""
