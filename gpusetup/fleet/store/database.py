"""The file of a fleet's store: an SQLite database of our own form, written in one step by one writer at a time.

SQLite is a part of Python, needs no server, and its command is on most hosts. Its rollback journal is used and not the
write-ahead log: that needs memory which readers and writers share, so that it does not work on a network file system
(https://www.sqlite.org/wal.html). A file is opened only where nobody else can write beside it, since SQLite rolls back
whatever lies there as its journal, and only if its tables are ours to the letter: a trigger would be another's program.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from gpusetup.errors import RefusedError, WrongInputError

VERSION = 1
_MARK = 0x67707566
"""SQLite's `application_id` of a store: ``gpuf``."""
_SCHEMA = Path(__file__).with_name("schema.sql")
_WAIT = 60.0
_READER_WAIT = 10.0
"""Seconds for which another writer is waited for: keeping ten thousand hosts takes a few."""
_FILE = 0o600
_WHAT = "give the file that gpusetup fleet keep has written"


@contextlib.contextmanager
def opened(path: Path, *, write: bool = False) -> Iterator[sqlite3.Connection]:
    """Open the store `path`, with `write` in one transaction that is undone when anything goes wrong.

    Raises `WrongInputError` for a file that is no store of this version, or cannot be read or written, and
    `RefusedError` where another user could change it.
    """
    if write:
        _make(path)
    elif not path.exists():
        raise WrongInputError(f"there is no store {path}", "gpusetup fleet keep makes one")
    _require_trust(path)
    try:
        with contextlib.closing(_connected(path, write=write)) as database:
            _require_ours(database, path, write=write)
            yield database
            database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise WrongInputError(f"the store {path} is in use: {error}", "wait until the other writer ends") from error
        raise WrongInputError(f"cannot use the store {path}: {error}", "is its file system full?") from error
    except sqlite3.DatabaseError as error:
        raise WrongInputError(f"{path} is no store of a fleet: {error}", _WHAT) from error


def _connected(path: Path, *, write: bool) -> sqlite3.Connection:
    mode = "rw" if write else "ro"
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=_WAIT if write else _READER_WAIT,
        isolation_level=None,
    )  # fmt: skip
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    database.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    return database


def _require_ours(database: sqlite3.Connection, path: Path, *, write: bool) -> None:
    """Make the tables of an empty file; raise `WrongInputError` unless those that are there are ours."""
    found = _tables(database)
    ours = _wanted()
    mark, version = (_pragma(database, name) for name in ("application_id", "user_version"))
    if not found and not mark and write:
        for statement in ours.values():
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {_MARK}")
        database.execute(f"PRAGMA user_version = {VERSION}")
        return
    if mark != _MARK:
        raise WrongInputError(f"{path} is no store of a fleet", _WHAT)
    if version != VERSION:
        newer = "a newer gpusetup" if version > VERSION else "an older gpusetup"
        raise WrongInputError(f"the store {path} was written by {newer} (version {version}, not {VERSION})",
                              "use that one, or keep into a new file")  # fmt: skip
    if found != ours:
        raise WrongInputError(f"the tables of {path} are not those of a store", _WHAT)


def _tables(database: sqlite3.Connection) -> dict[str, str]:
    rows = database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {str(name): str(statement) for name, statement in rows}


def _wanted() -> dict[str, str]:
    """Return the statements of ``schema.sql`` by the names of their tables, as SQLite keeps them."""
    with contextlib.closing(sqlite3.connect(":memory:")) as memory:
        memory.executescript(_SCHEMA.read_text("utf-8"))
        return _tables(memory)


def _pragma(database: sqlite3.Connection, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])


def _make(path: Path) -> None:
    """Make an empty file that only its owner can read, where there is none."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, _FILE))
    except FileExistsError:
        return
    except (OSError, ValueError) as error:  # a NUL in a name is a ValueError
        why = error.strerror if isinstance(error, OSError) else error
        raise WrongInputError(f"cannot make the store {path}: {why}", "its folder has to be there") from error


def _require_trust(path: Path) -> None:
    from gpusetup.trust.paths import mine

    policy = mine()
    if reason := policy.path(str(path.absolute().parent)) or policy.path(str(path.absolute())):
        raise RefusedError(
            f"the store {path} is not used: {reason}", "keep it in a folder that no other user can write to"
        )
