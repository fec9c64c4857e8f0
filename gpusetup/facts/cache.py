"""The facts as one compiled JSON file: parsing 350 kB of TOML would take longer than everything else together.

Each table has a checksum of its TOML source, and is used only while that matches the present TOML, so that an edited
row is never hidden by an old compilation. Otherwise the TOML is parsed, which is slower but correct.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

import msgspec

from gpusetup.facts.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from gpusetup.facts.model.fact import Fact

NAME = "compiled.json"
HERE = os.path.dirname(os.path.realpath(__file__))


class Table(msgspec.Struct, frozen=True):
    """One table; its rows are decoded on first use."""

    checksum: str
    rows: msgspec.Raw


def write(folder: Path | str = HERE) -> str:
    """Compile the TOML tables in `folder` and return the path of the result. Called when the wheel is built."""
    from gpusetup.facts.toml import read_table  # nothing else here parses TOML

    sources = sources_checksum(folder)
    tables = {table: Table(checksum(folder, table, sources), _encode(read_table(folder, table))) for table in TABLES}
    path = os.path.join(folder, NAME)
    with open(path, "wb") as file:
        file.write(msgspec.json.encode(tables))
    return path


def read(folder: Path | str) -> dict[str, Table]:
    """Return the compiled tables, none if they were not compiled or cannot be used."""
    try:
        return msgspec.json.decode(_bytes(folder, NAME), type=dict[str, Table])
    except (OSError, msgspec.DecodeError):
        return {}


def checksum(folder: Path | str, table: str, sources: int) -> str:
    """Return a checksum over the TOML that makes up `table`, given that of its `sources`; "" when it cannot be read.

    CRC-32 and size suffice: it only detects a forgotten rebuild, and importing hashlib would cost 3 ms at start-up.
    """
    try:
        data = _bytes(folder, f"{table}.toml")
    except OSError:
        return ""
    return f"{zlib.crc32(data, sources):08x}-{len(data)}"


def sources_checksum(folder: Path | str) -> int:
    """Return a checksum over the short names of sources, which every table cites; -1 when they cannot be read."""
    try:
        return zlib.crc32(_bytes(folder, "sources.toml"))
    except OSError:
        return -1


def _bytes(folder: Path | str, name: str) -> bytes:
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def _encode(rows: tuple[Fact, ...]) -> msgspec.Raw:
    """Return `rows` as JSON without the fields that hold their default, which is a third of all bytes."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(type(rows[0]))} if rows else {}
    kept = [
        {name: value for name, value in msgspec.structs.asdict(row).items() if value != defaults[name]} for row in rows
    ]
    return msgspec.Raw(msgspec.json.encode(kept))
