"""What can differ all the same: rows of ``remains.toml`` for the libraries that this process has imported."""

import datetime
import functools
import sys
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from gpusetup.determinism.startup import hash_seed_is_fixed

Kind = Literal["seed", "switch"]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that stays open for the users of `module`, unless the condition `unless` holds."""

    module: str
    when: tuple[Kind, ...]
    text: str
    source: str
    read: datetime.date
    unless: Literal["", "hash seed"] = ""


@functools.cache
def rows() -> tuple[Row, ...]:
    """Return the table."""
    path = Path(__file__).with_name("remains.toml")
    return msgspec.convert(tomllib.loads(path.read_text("utf-8"))["row"], tuple[Row, ...])


def remains(kind: Kind) -> tuple[str, ...]:
    """Return what seeds, or switches, leave open in this process."""
    return tuple(
        row.text
        for row in rows()
        if kind in row.when and row.module in sys.modules and not (row.unless and hash_seed_is_fixed())
    )
