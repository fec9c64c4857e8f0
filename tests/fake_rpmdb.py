"""An RPM database of our own, in the shape of rpm's SQLite backend."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Mapping
from typing import NamedTuple


class Rpm(NamedTuple):
    """One package and the files it owns."""

    name: str
    version: str
    release: str = "1.fc44"
    vendor: str = "RPM Fusion"
    files: tuple[str, ...] = ()


def header(rpm: Rpm) -> bytes:
    """Return the package's header: entries of (tag, type, offset, count), then the data; 4 is int32, 6 and 8 text."""
    folders = list(dict.fromkeys(path.rpartition("/")[0] + "/" for path in rpm.files))
    entries: Mapping[int, tuple[int, list[str] | list[int]]] = {
        1000: (6, [rpm.name]),
        1001: (6, [rpm.version]),
        1002: (6, [rpm.release]),
        1011: (6, [rpm.vendor]),
        1116: (4, [folders.index(path.rpartition("/")[0] + "/") for path in rpm.files]),
        1117: (8, [path.rpartition("/")[2] for path in rpm.files]),
        1118: (8, folders),
    }
    table, data = b"", b""
    for tag, (kind, values) in entries.items():
        data += b"\0" * (-len(data) % 4 if kind == 4 else 0)
        table += struct.pack(">IIII", tag, kind, len(data), len(values))
        data += b"".join(struct.pack(">I", one) if isinstance(one, int) else one.encode() + b"\0" for one in values)
    return struct.pack(">II", len(entries), len(data)) + table + data


def rpmdb(*packages: Rpm) -> bytes:
    """Return the bytes of rpmdb.sqlite with `packages`."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    for index in ("Name", "Basenames"):
        database.execute(f"CREATE TABLE {index} (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
    for number, rpm in enumerate(packages, 1):
        database.execute("INSERT INTO Packages VALUES (?, ?)", (number, header(rpm)))
        database.execute("INSERT INTO Name VALUES (?, ?, 0)", (rpm.name, number))
        for position, path in enumerate(rpm.files):
            database.execute("INSERT INTO Basenames VALUES (?, ?, ?)", (path.rpartition("/")[2], number, position))
    database.commit()
    return database.serialize()
