"""RPM's database in SQLite: an index of names, an index of file names, and each package's header as it was built.

A header is a table of entries (tag, type, offset, count; big-endian) and the data they point into. Source: rpm's
``lib/backend/sqlite.c`` and its description of the header format.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator, Mapping
from contextlib import closing
from urllib.parse import quote

from gpusetup.machine.host import Host
from gpusetup.machine.model import Package, Reading, Unread

NAME, VERSION, RELEASE, EPOCH, VENDOR = 1000, 1001, 1002, 1003, 1011
FOLDER_OF, BASENAMES, FOLDERS = 1116, 1117, 1118
INT32 = 4
MANY_ENTRIES = 1 << 16
MANY_STRINGS = 1 << 17
PATIENCE = 1000  # × 1000 steps of SQLite's machine: a damaged index must not keep us for ever
_ENTRY = struct.Struct(">IIII")


def packages(host: Host, database: str, families: tuple[str, ...]) -> Reading[tuple[Package, ...]]:
    """Return the installed packages whose names begin with one of `families`."""
    likes = " OR ".join(["n.key GLOB ?"] * len(families))
    query = f"SELECT p.blob FROM Name n JOIN Packages p ON p.hnum = n.hnum WHERE {likes}"  # noqa: S608 - marks alone
    try:
        with closing(_open(host, database)) as opened:
            blobs = [row[0] for row in opened.execute(query, [f"{family}*" for family in families])]
    except (sqlite3.Error, OSError, ValueError) as error:
        return Unread(unread="failed", source=database, detail=str(error)[:120])
    return tuple(sorted((_package(_Header(blob)) for blob in blobs), key=lambda one: one.name))


def owners(host: Host, database: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """Return path → package, by the index of file names and then the whole path."""
    owned: dict[str, str] = {}
    query = "SELECT p.blob, b.idx FROM Basenames b JOIN Packages p ON p.hnum = b.hnum WHERE b.key = ?"
    try:
        with closing(_open(host, database)) as opened:
            for path, other in wanted.items():
                for blob, index in opened.execute(query, [path.rpartition("/")[2]]):
                    header = _Header(blob)
                    if header.path(int(index)) in {path, other}:
                        owned[path] = header.text(NAME)
    except (sqlite3.Error, OSError, ValueError):  # the packages could be read: whose a file is, is then not known
        return owned
    return owned


def _open(host: Host, database: str) -> sqlite3.Connection:
    """Open the file as it is: no lock, no journal, nothing written."""
    opened = sqlite3.connect(f"file:{quote(host.real(database))}?mode=ro&immutable=1", uri=True)
    steps = iter(range(PATIENCE))
    opened.set_progress_handler(lambda: next(steps, None) is None, 1000)
    return opened


def _package(header: _Header) -> Package:
    epoch = header.numbers(EPOCH)
    version = f"{header.text(VERSION)}-{header.text(RELEASE)}"
    return Package(
        manager="rpm",
        name=header.text(NAME),
        version=f"{epoch[0]}:{version}" if epoch and epoch[0] else version,
        maker=header.text(VENDOR),
    )


class _Header:
    """One package's header; an entry that is damaged or not there is empty."""

    def __init__(self, blob: object) -> None:
        raw = blob if isinstance(blob, bytes) else b""
        count = min(int.from_bytes(raw[:4], "big"), MANY_ENTRIES)
        table = raw[8 : 8 + count * _ENTRY.size]
        whole = len(table) - len(table) % _ENTRY.size
        self._data = raw[8 + count * _ENTRY.size :]
        self._entries = {tag: (kind, at, many) for tag, kind, at, many in _ENTRY.iter_unpack(table[:whole])}

    def text(self, tag: int) -> str:
        """Return the first string of an entry."""
        return next(self._strings(tag), "")

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Return the 32-bit numbers of an entry."""
        kind, at, many = self._entries.get(tag, (0, 0, 0))
        many = min(many, max(0, len(self._data) - at) // 4)
        return struct.unpack_from(f">{many}I", self._data, at) if kind == INT32 else ()

    def path(self, index: int) -> str:
        """Return the path of the package's file number `index`."""
        folders, names, which = list(self._strings(FOLDERS)), list(self._strings(BASENAMES)), self.numbers(FOLDER_OF)
        if index >= len(names) or index >= len(which) or which[index] >= len(folders):
            return ""
        return folders[which[index]] + names[index]

    def _strings(self, tag: int) -> Iterator[str]:
        _, at, many = self._entries.get(tag, (0, 0, 0))
        for _ in range(min(many, MANY_STRINGS)):
            end = self._data.find(b"\0", at)
            if end < 0:
                return
            yield self._data[at:end].decode(errors="replace")
            at = end + 1
