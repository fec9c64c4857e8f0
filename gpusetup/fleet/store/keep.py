"""Adds what was seen to a store, and takes out what is too old."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable

import msgspec

from gpusetup.fleet.store.observed import Sample, Seen
from gpusetup.value import Value

DAY = 86_400
DENSE_DAYS = 7
"""Of figures older than this one a day is kept, the first of that day: chosen by its time, so that none is favoured."""
MOST_BODY = 1 << 20
"""Bytes of one content: a host can say anything, and must not fill the disk of whoever keeps it."""
_TOO_LARGE = {"": "too large to be kept"}
_encode = msgspec.json.Encoder(order="sorted").encode


class Kept(Value):
    """What one collection added."""

    hosts: int
    verdict: str
    changed: int
    """Aspects of hosts and GPUs that are new or other than before."""
    same: int
    older: int
    """Those that were kept already, or are older than what was."""
    samples: int
    pruned: int = 0


class Writer:
    """Adds observations to an open store."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._subjects: dict[tuple[str, str], int] = {}
        self._contents: dict[bytes, int] = {}
        self.changed = self.same = self.older = self.samples = 0

    def add(self, seen: Iterable[Seen | Sample]) -> None:
        """Add observations; what is not newer than the last of its kind changes nothing, so that twice is once."""
        for one in seen:
            if isinstance(one, Sample):
                self._sample(one)
            else:
                self._span(one)

    def _span(self, one: Seen) -> None:
        subject, content = self._subject(one.kind, one.name), self._content(one.content)
        last = self._database.execute(
            "SELECT first, last, content FROM span WHERE subject = ? AND aspect = ? ORDER BY first DESC LIMIT 1",
            (subject, one.aspect),
        ).fetchone()
        if last is not None and one.at <= last[1]:
            self.older += 1
        elif last is not None and last[2] == content:
            self._database.execute(
                "UPDATE span SET last = ?, times = times + 1 WHERE subject = ? AND aspect = ? AND first = ?",
                (one.at, subject, one.aspect, last[0]),
            )
            self.same += 1
        else:
            self._database.execute(
                "INSERT INTO span VALUES (?, ?, ?, ?, 1, ?)", (subject, one.aspect, one.at, one.at, content)
            )
            self.changed += 1

    def _sample(self, one: Sample) -> None:
        done = self._database.execute(
            "INSERT OR IGNORE INTO sample VALUES (?, ?, ?, ?)",
            (self._subject(one.kind, one.name), one.series, one.at, one.value),
        )
        self.samples += done.rowcount

    def _subject(self, kind: str, name: str) -> int:
        found = self._subjects.get((kind, name))
        if found is None:
            found = self._found("SELECT id FROM subject WHERE kind = ? AND name = ?", (kind, name))
            if found is None:
                found = self._made("INSERT INTO subject (kind, name) VALUES (?, ?)", (kind, name))
            self._subjects[kind, name] = found
        return found

    def _content(self, content: object) -> int:
        body = _encode(content)
        if len(body) > MOST_BODY:
            body = _encode(_TOO_LARGE)
        digest = hashlib.sha256(body).digest()
        found = self._contents.get(digest)
        if found is None:
            found = self._found("SELECT id FROM content WHERE digest = ?", (digest,))
            if found is None:
                found = self._made("INSERT INTO content (digest, body) VALUES (?, ?)", (digest, body.decode()))
            self._contents[digest] = found
        return found

    def _found(self, query: str, values: tuple[object, ...]) -> int | None:
        row = self._database.execute(query, values).fetchone()
        return int(row[0]) if row is not None else None

    def _made(self, statement: str, values: tuple[object, ...]) -> int:
        made = self._database.execute(statement, values).lastrowid
        assert made is not None
        return made


def prune(database: sqlite3.Connection, now: int, days: int) -> int:
    """Take out what ended more than `days` before `now` (seconds), and thin older figures; return how many rows.

    What is seen as it was long ago stays whole: a span goes by its end. A card that was taken out stays until then.
    """
    limit, dense = now - days * DAY, now - DENSE_DAYS * DAY
    statements: tuple[tuple[str, tuple[int, ...]], ...] = (
        ("DELETE FROM sample WHERE at < ?", (limit,)),
        ("DELETE FROM sample WHERE at < ? AND EXISTS (SELECT 1 FROM sample AS other WHERE other.subject ="
         " sample.subject AND other.series = sample.series AND other.at >= sample.at / 86400 * 86400"
         " AND other.at < sample.at)", (dense,)),
        ("DELETE FROM span WHERE last < ?", (limit,)),
        ("DELETE FROM collection WHERE at < ?", (limit,)),
        ("DELETE FROM content WHERE id NOT IN (SELECT content FROM span)", ()),
        ("DELETE FROM subject WHERE id NOT IN (SELECT subject FROM span) AND id NOT IN (SELECT subject FROM sample)",
         ()),
    )  # fmt: skip
    return sum(database.execute(statement, values).rowcount for statement, values in statements)


def note_collection(database: sqlite3.Connection, now: int, hosts: int, verdict: str) -> None:
    """Note that something was kept."""
    database.execute("INSERT INTO collection (at, hosts, verdict) VALUES (?, ?, ?)", (now, hosts, verdict))
