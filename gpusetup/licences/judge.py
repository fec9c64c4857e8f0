"""Finds the licence of a part: first in the facts, since metadata is often incomplete, then in its metadata."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gpusetup.facts import Facts
    from gpusetup.facts.model.general import LicenceRow
    from gpusetup.licences.model import Part

_WORDS = re.compile(r"\b(?:AND|OR|WITH [\w.-]+)\b|[()]")
"""Separators between the identifiers of an SPDX expression; an exception after WITH only adds permissions."""


def judge(parts: Iterable[Part], facts: Facts) -> tuple[Part, ...]:
    """Return `parts` with their licences, without duplicates, sorted by place and key."""
    free = {name for row in facts.spdx for name in (row.spdx, *row.also)}
    judged = {(part.where, part.key, part.version): _judged(part, facts.licence, free) for part in parts}
    return tuple(judged[key] for key in sorted(judged))


def _judged(part: Part, rows: tuple[LicenceRow, ...], free: set[str]) -> Part:
    row = _row(part.key, rows)
    if row is not None:
        return msgspec.structs.replace(
            part,
            licence=row.licence,
            spdx=row.spdx,
            free=row.free_software,
            redistributable=row.redistributable,
            note=row.note,
            fact=row.id,
            sources=row.source,
        )
    said = part.spdx or part.licence
    is_free = True if said in free else is_free_software(said, free)
    return msgspec.structs.replace(part, free=is_free, redistributable="yes" if is_free else "")


def _row(key: str, rows: tuple[LicenceRow, ...]) -> LicenceRow | None:
    """Return the row whose pattern covers `key`, the longest pattern first: NCCL's before all of NVIDIA's wheels."""
    # the longest pattern is the most specific: pypi/nvidia-nccl-* before pypi/nvidia-*
    matches = [(len(pattern), row) for row in rows for pattern in row.covers if fnmatchcase(key, pattern)]
    return max(matches, key=lambda match: match[0])[1] if matches else None


def is_free_software(expression: str, free: set[str]) -> bool | None:
    """Return True if every licence in an SPDX expression is among the `free` ones, else None (not known).

    This includes the alternatives of an OR, so that nothing non-free is ever called free.
    """
    named = [name.strip() for name in _WORDS.split(expression) if name and name.strip()]
    return True if named and all(name in free for name in named) else None
