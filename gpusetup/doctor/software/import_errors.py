"""What the error of a framework means: texts of the dynamic loader, Python, CUDA and the frameworks themselves.

The rows of ``import_errors.json`` are tried in their order, so that a special one stands before a general one; each
has the source that shows what the text means. The loader's texts are those of glibc, which have not changed for
decades.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import msgspec

from gpusetup.doctor.table import read_table

OTHERWISE = "FWK001"
RUNNING = ("FWK2", "FWK3")
"""Rules of what a framework reports when it runs; the others speak of its import."""


class Meaning(msgspec.Struct, frozen=True):
    """The rule that speaks of the error, what it means in words, what it names, and how it is fixed."""

    rule: str
    words: str
    what: str = ""
    fix: str = ""
    text: str = ""
    """The text that was read."""


def meaning(error: str) -> Meaning:
    """Return what `error` means; one that is in no row is quoted, by the rule for everything else."""
    return _first(error, "FWK") or Meaning(OTHERWISE, error)


def reported(texts: Iterable[str]) -> Meaning | None:
    """Return the first meaning among what a running framework has said, None where no row knows any of it."""
    return next(filter(None, (_first(text, *RUNNING) for text in texts)), None)


def _first(text: str, *rules: str) -> Meaning | None:
    """Return the meaning by the first row of one of the `rules` that knows `text`."""
    for row in _rows():
        if row["rule"].startswith(rules) and (said := re.search(row["says"], text)):
            named = said.groupdict()
            return Meaning(row["rule"], row["means"].format(**named), named.get("what") or "", row.get("fix", ""), text)
    return None


@cache
def _rows() -> list[dict[str, str]]:
    return read_table("software/import_errors", list[dict[str, str]])
