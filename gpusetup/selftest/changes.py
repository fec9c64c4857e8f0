"""How two environments differ, most likely cause of different bits first; the order is content (bits.toml)."""

from __future__ import annotations

import fnmatch
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gpusetup.selftest.verdict import Changed
from gpusetup.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TABLE = Path(__file__).with_name("bits.toml")
_SWITCHES = "switches"
NOT_SET = "not set"
NOT_RECORDED = "not recorded"


class Row(Value):
    """Keys of an environment (globs), and why a change of one may change bits; "" if it cannot."""

    keys: tuple[str, ...]
    why: str
    source: str = ""
    """Who documents it, with the day it was read."""


class Follows(Value):
    """Keys (globs) whose change follows from that of the `key` (a glob), such as a build from a version."""

    key: str
    brings: tuple[str, ...]


class _Table(Value):
    row: tuple[Row, ...]
    follows: tuple[Follows, ...]


def changes(now: Mapping[str, str], before: Mapping[str, str]) -> tuple[Changed, ...]:
    """Return the differences, most likely cause of different bits first, and those known to be harmless last.

    A key that the older environment lacks was not recorded then. It may have had the same value, so it comes after
    the keys that certainly changed.
    """
    found = [_changed(*one) for one in _differences(now, before)]
    return tuple(sorted(found, key=lambda one: (one.rank == 0, one.before == NOT_RECORDED, one.rank)))


def named(changed: Sequence[Changed]) -> str:
    """Return the changes as one line of text, in their order."""
    return "; ".join(map(str, changed))


def _differences(now: Mapping[str, str], before: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield key, old and new value; a list of ``NAME=value`` switches is split, so that each switch is one change."""
    for key in sorted({*now, *before}):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        if key == _SWITCHES:
            ours, theirs = _flags(_switches(new or "")), _flags(_switches(old or ""))
            for name in sorted({*ours, *theirs}):
                if ours.get(name) != theirs.get(name):
                    yield name, theirs.get(name, NOT_SET), ours.get(name, NOT_SET)
        else:
            yield key, NOT_RECORDED if old is None else old or NOT_SET, NOT_RECORDED if new is None else new or NOT_SET


def _switches(text: str) -> dict[str, str]:
    """Return the variables of ``A=1 B=two words``: a word without ``=`` continues the value before it."""
    found: dict[str, str] = {}
    last = ""
    for word in text.split():
        name, equals, value = word.partition("=")
        if equals and name.replace("_", "").isalnum():
            last, found[name] = name, value
        elif last:
            found[last] += f" {word}"
    return found


def switches_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of an environment key, by name."""
    return _switches(environment.get(_SWITCHES, ""))


def _flags(switches: Mapping[str, str]) -> dict[str, str]:
    """Return the switches, where a variable of flags (``XLA_FLAGS=--one=1 --two``) is one entry for each flag."""
    found: dict[str, str] = {}
    for name, value in switches.items():
        words = value.split()
        if name.endswith("FLAGS") and words and all(word.startswith("--") for word in words):
            parts = (word.partition("=") for word in words)
            found |= {f"{name} {flag}": setting or "on" for flag, _, setting in parts}
        else:
            found[name] = value
    return found


def source_of(changed: Changed) -> str:
    """Return who documents that such a change may change bits, "" where the table names nobody."""
    rows = _table().row
    return rows[changed.rank - 1].source if 0 < changed.rank <= len(rows) else ""


def may_change_bits(key: str) -> bool:
    """Return whether the table says that a change of this key of an environment may change bits, or does not know."""
    return _changed(key, "", "").rank != 0


def folded(changed: Sequence[Changed]) -> dict[Changed, tuple[Changed, ...]]:
    """Return each change that is a cause by itself → those that follow from it, in the order given."""
    followed = {one: _leader(one, changed) for one in changed}
    return {
        one: tuple(other for other in changed if followed[other] is one) for one in changed if followed[one] is None
    }


def _leader(one: Changed, changed: Sequence[Changed]) -> Changed | None:
    """Return the change that `one` follows from; the first of the table's that is among them."""
    name = one.key.lower()
    for row in _table().follows:
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in row.brings):
            for other in changed:
                if other is not one and fnmatch.fnmatchcase(other.key.lower(), row.key):
                    return other
    return None


def _changed(key: str, before: str, now: str) -> Changed:
    """Return the change with its rank and reason; an unknown key ranks after all keys known to change bits."""
    name, rows = key.lower(), _table().row
    for rank, row in enumerate(rows, 1):
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in row.keys):
            return Changed(key=key, before=before, now=now, rank=rank if row.why else 0, why=row.why)
    return Changed(key=key, before=before, now=now, rank=len(rows) + 1, why="it may choose other kernels")


@cache
def _table() -> _Table:
    return msgspec.convert(tomllib.loads(_TABLE.read_text("utf-8")), _Table)
