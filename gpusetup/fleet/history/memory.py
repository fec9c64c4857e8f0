"""Reads a store: subjects, their spans, and their figures by day."""

from __future__ import annotations

import itertools
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.fleet.store.observed import GPU, HOST
from gpusetup.text import neutral

DAY = 86_400
_SHORTEST = 6
"""Letters of a UUID that are enough, where one GPU alone begins so."""


_ROWS = {
    "spans": "SELECT kind, name, aspect, first, last, times, body FROM span JOIN subject ON subject.id = subject"
             " JOIN content ON content.id = content",
    "samples": "SELECT kind, name, series, at, value FROM sample JOIN subject ON subject.id = subject",
}  # fmt: skip


class Span(NamedTuple):
    """From when to when a subject was seen so, and how often."""

    first: int
    last: int
    times: int
    content: Any


class Subject(NamedTuple):
    """A host or a GPU."""

    id: int
    kind: str
    name: str


Aspects = Mapping[str, Sequence[Span]]
"""The spans of one subject in order, by aspect."""


class Memory:
    """An open store, read. What is in it was made from what hosts said: texts are neutral, other forms are refused."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._content = lru_cache(maxsize=50_000)(self._read)

    def _read(self, number: int) -> Any:
        row = self._database.execute("SELECT body FROM content WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise WrongInputError("the store is spoilt: a content is missing", "keep into a new file")
        try:
            return msgspec.json.decode(row[0])
        except msgspec.DecodeError as error:
            raise WrongInputError(f"the store is spoilt: {error}", "keep into a new file") from error

    def subjects(self, kind: str) -> list[Subject]:
        """Return all subjects of a kind."""
        rows = self._database.execute("SELECT id, kind, name FROM subject WHERE kind = ?", (kind,))
        return [Subject(*row) for row in rows]

    def find(self, word: str) -> Subject:
        """Return the host or GPU that `word` names: a host, a UUID or the beginning of one, or a serial number.

        Raises `WrongInputError` for none, or for several.
        """
        found = [Subject(*row) for row in self._database.execute(
            "SELECT id, kind, name FROM subject WHERE name = ? ORDER BY kind DESC", (word,))]  # fmt: skip
        if not found and len(word) >= _SHORTEST:
            found = [one for one in self.subjects(GPU) if one.name.startswith(word)]
        if not found:
            found = self._by_serial(word)
        if not found:
            raise WrongInputError(f"the store has no host or GPU {neutral(word)!r}",
                                  "gpusetup fleet history lists what stands out")  # fmt: skip
        if len(found) > 1:
            raise WrongInputError(f"{len(found)} GPUs begin with {neutral(word)!r}", "give more of the UUID")
        return found[0]

    def _by_serial(self, word: str) -> list[Subject]:
        rows = self._database.execute(
            "SELECT DISTINCT subject.id, subject.kind, subject.name FROM span JOIN content ON content.id = content"
            " JOIN subject ON subject.id = subject WHERE aspect = 'place' AND instr(body, ?)",
            (f'"serial":{msgspec.json.encode(word).decode()}',),
        )  # fmt: skip
        return [Subject(*row) for row in rows] if word else []

    def aspects(self, subject: Subject) -> Aspects:
        """Return everything that was seen of one subject."""
        found: dict[str, list[Span]] = defaultdict(list)
        for aspect, first, last, times, content in self._database.execute(
            "SELECT aspect, first, last, times, content FROM span WHERE subject = ? ORDER BY first", (subject.id,)
        ):
            found[aspect].append(Span(first, last, times, self._content(content)))
        return found

    def all_spans(self, aspect: str) -> Iterator[tuple[int, list[Span]]]:
        """Yield each subject's number with its spans of one aspect."""
        subject, some = 0, list[Span]()
        for number, first, last, times, content in self._database.execute(
            "SELECT subject, first, last, times, content FROM span WHERE aspect = ? ORDER BY subject, first", (aspect,)
        ):
            if number != subject and some:
                yield subject, some
                some = []
            subject = number
            some.append(Span(first, last, times, self._content(content)))
        if some:
            yield subject, some

    def days(self, since: int, only: Collection[int] | None = None) -> Iterator[tuple[int, str, dict[int, float]]]:
        """Yield each subject's number, a series of its, and the first figure of each day; with `only`, of these."""
        text = "SELECT subject, series, at, value FROM sample WHERE at >= ?"
        if only is None:
            yield from _by_day(self._database.execute(f"{text} ORDER BY subject, series, at", (since,)))
        for number in sorted(only or ()):
            rows = self._database.execute(f"{text} AND subject = ? ORDER BY series, at", (since, number))
            yield from _by_day(rows)

    def latest(self) -> Iterator[tuple[int, str, int, float]]:
        """Yield each subject's number with a series of its, and when its newest figure was read and what it is."""
        yield from self._database.execute("SELECT subject, series, max(at), value FROM sample GROUP BY subject, series")

    def rows(self, table: str) -> Iterator[tuple[Any, ...]]:
        """Yield everything of ``spans`` or ``samples``, with names in place of numbers."""
        yield from self._database.execute(_ROWS[table])

    def at_place(self, host: str, place: str, after: int) -> list[Subject]:
        """Return the GPUs that were seen at a place of a host after a time."""
        rows = self._database.execute(
            "SELECT DISTINCT subject.id, subject.kind, subject.name FROM span JOIN content ON content.id = content"
            " JOIN subject ON subject.id = subject WHERE aspect = 'place' AND last > ? AND instr(body, ?)"
            " AND instr(body, ?)",
            (after, f'"host":{msgspec.json.encode(host).decode()}', f'"place":{msgspec.json.encode(place).decode()}'),
        )  # fmt: skip
        return [Subject(*row) for row in rows]

    def collections(self) -> tuple[int, int, int]:
        """Return how many collections there were, and when the first and the last one was (0 for none)."""
        count, first, last = self._database.execute("SELECT count(*), min(at), max(at) FROM collection").fetchone()
        return count, first or 0, last or 0

    def host(self, name: str) -> Subject | None:
        """Return the host of that name."""
        row = self._database.execute("SELECT id, kind, name FROM subject WHERE kind = ? AND name = ?",
                                     (HOST, name)).fetchone()  # fmt: skip
        return Subject(*row) if row is not None else None

    def newest(self, subject: Subject, aspect: str) -> Span | None:
        """Return the newest span of an aspect."""
        row = self._database.execute(
            "SELECT first, last, times, content FROM span WHERE subject = ? AND aspect = ? ORDER BY first DESC LIMIT 1",
            (subject.id, aspect),
        ).fetchone()
        return Span(row[0], row[1], row[2], self._content(row[3])) if row is not None else None


def _by_day(rows: Iterable[tuple[int, str, int, float]]) -> Iterator[tuple[int, str, dict[int, float]]]:
    for (number, series), some in itertools.groupby(rows, lambda row: (row[0], row[1])):
        days: dict[int, float] = {}
        for _, _, at, value in some:
            days.setdefault(at // DAY, value)
        yield number, series, days


def iso(at: int) -> str:
    """Return a time in seconds as ISO 8601, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
