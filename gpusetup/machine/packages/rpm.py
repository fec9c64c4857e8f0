"""RPM's database in SQLite: an index of names, an index of file names, and each package's header as it was built.

A header is a table of entries (tag, type, offset, count; big-endian) and the data they point into. Source: rpm's
``lib/backend/sqlite.c`` and its description of the header format.
"""

from __future__ import annotations

import sqlite3
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import quote

from gpusetup.machine.host import Host
from gpusetup.machine.model import Package, Reading, Unread

NAME, VERSION, RELEASE, EPOCH, INSTALLED, VENDOR = 1000, 1001, 1002, 1003, 1008, 1011
FOLDER_OF, BASENAMES, FOLDERS = 1116, 1117, 1118
INT32 = 4
MANY_ENTRIES = 1 << 16
MANY_STRINGS = 1 << 17
SECONDS = 10.0
"""For all that is asked of one database; a whole one takes a hundredth of it."""
STEPS = 1000
"""Steps of SQLite's machine after which the time is looked at: a damaged index must not keep us for ever."""
BLOB = 16 << 20
"""Bytes of one value; the largest header, a kernel's or a font's with ten thousands of files, has two million."""
ALL = 256 << 20
"""Bytes of all headers that are looked at, and of a whole database that is read into memory."""
ROW = 2 << 10
"""What each row counts for beside its values, so that their number is bounded too."""
TABLES = ("Packages", "Name", "Basenames")
_WAL = slice(18, 20)
"""Where the file says that a journal of changes lies beside it (2), which one in memory has not (1)."""
_ENTRY = struct.Struct(">IIII")
BROKEN = (sqlite3.Error, OSError, ValueError)
"""What a database that is damaged, too large or none at all raises."""


def packages(host: Host, database: str, families: tuple[str, ...]) -> Reading[tuple[Package, ...]]:
    """Return the installed packages whose names begin with one of `families`."""
    likes = " OR ".join(["n.key GLOB ?"] * len(families))
    query = f"SELECT p.blob FROM Name n JOIN Packages p ON p.hnum = n.hnum WHERE {likes}"  # noqa: S608 - marks alone
    try:
        with closing(Database(host, database)) as opened:
            found = [_package(Header(blob)) for (blob,) in opened.rows(query, [f"{family}*" for family in families])]
    except BROKEN as error:
        return Unread(unread="failed", source=database, detail=str(error)[:120])
    return tuple(sorted(found, key=lambda one: one.name))


def owners(host: Host, database: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """Return path → package, by the index of file names and then the whole path."""
    owned: dict[str, str] = {}
    query = "SELECT p.blob, b.idx FROM Basenames b JOIN Packages p ON p.hnum = b.hnum WHERE b.key = ?"
    try:
        with closing(Database(host, database)) as opened:
            for path, other in wanted.items():
                for blob, index in opened.rows(query, [path.rpartition("/")[2]]):
                    header = Header(blob)
                    if header.path(int(index)) in {path, other}:
                        owned[path] = header.text(NAME)
    except BROKEN:  # the packages could be read: whose a file is, is then not known
        return owned
    return owned


class Database:
    """The file as it is: no lock, no journal, nothing written; and no more of it than any host has."""

    def __init__(self, host: Host, database: str) -> None:
        """Open it; raises one of `BROKEN` when it is none."""
        self._end = time.monotonic() + SECONDS
        self._left = ALL
        self._opened = _open(host, database)
        self.close = self._opened.close
        self._opened.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, BLOB)
        self._opened.set_progress_handler(lambda: time.monotonic() > self._end, STEPS)
        try:
            for caution in ("trusted_schema=OFF", "cell_size_check=ON"):
                self._opened.execute(f"PRAGMA {caution}")
            self._require_tables()
        except BaseException:
            self.close()
            raise

    def rows(self, query: str, values: list[str]) -> Iterator[tuple[Any, ...]]:
        """Yield what `query` finds; raises ValueError when that is too much."""
        for row in self._opened.execute(query, values):
            self._left -= ROW + sum(len(value) for value in row if isinstance(value, bytes | str))
            if self._left < 0:
                raise ValueError(f"more than {ALL >> 20} MiB in its rows")
            if time.monotonic() > self._end:
                raise ValueError(f"not read within {SECONDS:g} s")
            yield row

    def _require_tables(self) -> None:
        """Refuse what only looks like rpm's tables: a view or a generated column runs an expression for each row."""
        marks = ", ".join("?" * len(TABLES))
        named = self.rows(f"SELECT name, type, rootpage FROM sqlite_master WHERE name IN ({marks})", [*TABLES])  # noqa: S608 - marks alone
        if {name: kind for name, kind, page in named if page} != dict.fromkeys(TABLES, "table"):
            raise ValueError(f"has not rpm's tables {', '.join(TABLES)}")
        for table in TABLES:
            if any(row[6] for row in self.rows(f"PRAGMA table_xinfo({table})", [])):
                raise ValueError(f"has columns in {table} that are computed")


def _open(host: Host, database: str) -> sqlite3.Connection:
    """Open the live host's file where it lies; of a folder its content, since SQLite follows links by itself."""
    if host.live:
        return sqlite3.connect(f"file:{quote(database)}?mode=ro&immutable=1", uri=True)
    raw = host.read_bytes(database, ALL + 1)
    if isinstance(raw, Unread):
        raise OSError(raw.detail)
    if len(raw) > ALL:
        raise ValueError(f"more than {ALL >> 20} MiB")
    if not raw.startswith(b"SQLite format 3\0"):
        raise ValueError("file is not a database")
    opened = sqlite3.connect(":memory:")
    if raw[_WAL] == b"\2\2":
        raw = raw[: _WAL.start] + b"\1\1" + raw[_WAL.stop :]
    opened.deserialize(raw)
    return opened


def _package(header: Header) -> Package:
    epoch, installed = header.numbers(EPOCH), header.numbers(INSTALLED)
    version = f"{header.text(VERSION)}-{header.text(RELEASE)}"
    return Package(
        manager="rpm",
        name=header.text(NAME),
        version=f"{epoch[0]}:{version}" if epoch and epoch[0] else version,
        maker=header.text(VENDOR),
        installed=installed[0] if installed else 0,
    )


class Header:
    """One package's header; an entry that is damaged or not there is empty."""

    def __init__(self, blob: object) -> None:
        """Take a header apart; of what is no header, nothing is there."""
        raw = blob if isinstance(blob, bytes) else b""
        # in the database a header begins with the number of its entries and the size of its data, both big-endian,
        # without the magic that a file of a package has before them (rpm.org: RPM file format, header)
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
        # the count is the header's own word: no more is unpacked than its data can hold
        many = min(many, max(0, len(self._data) - at) // 4)
        return struct.unpack_from(f">{many}I", self._data, at) if kind == INT32 and many else ()

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
