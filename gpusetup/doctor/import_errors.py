"""What an import error means: the texts of the dynamic loader and of Python by ``import_errors.json``.

The loader's texts are those of glibc (elf/dl-load.c, dl-lookup.c, dl-version.c), which have not changed for decades.
"""

from __future__ import annotations

import re
from functools import cache

import msgspec

from gpusetup.doctor.table import read_table

OTHERWISE = "FWK001"


class Meaning(msgspec.Struct, frozen=True):
    """The rule that speaks of the error, and what it means in words."""

    rule: str
    words: str


def meaning(error: str) -> Meaning:
    """Return what `error` means; one that is in no row is said as it is, by the rule for whatever else there is."""
    for row in _rows():
        if said := re.search(row["says"], error):
            return Meaning(row["rule"], row["means"].format(**said.groupdict()))
    return Meaning(OTHERWISE, error)


@cache
def _rows() -> list[dict[str, str]]:
    return read_table("import_errors", list[dict[str, str]])
