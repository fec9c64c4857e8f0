"""Stores that are written collection by collection, each at a time of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gpusetup.fleet.gather import gather
from gpusetup.fleet.history.memory import Memory
from gpusetup.fleet.history.model import History
from gpusetup.fleet.history.whole import history
from gpusetup.fleet.judge import judge
from gpusetup.fleet.store.add import add
from gpusetup.fleet.store.database import opened
from gpusetup.fleet.store.keep import Kept
from gpusetup.fleet.store.observed import Notes
from tests.fleet.synthetic import Parts, lines

BEGIN = datetime(2026, 9, 1, 6, tzinfo=UTC)


def day(number: float) -> datetime:
    return BEGIN + timedelta(days=number)


def stamp(parts: Parts, at: datetime) -> Parts:
    """Let a host's documents be made ten minutes before `at`."""
    text = (at - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(parts.get("machine"), dict):
        parts["machine"]["read_at"] = text
    if isinstance(parts.get("report"), dict):
        parts["report"]["at"] = text
    if isinstance(parts.get("proof"), dict):
        parts["proof"]["made_at"] = text
    return parts


def keep(
    store: Path, some: Mapping[str, Parts], at: datetime, *, days: int = 400, made: datetime | None = None
) -> Kept:
    """Judge and keep hosts at a time; their documents were `made` ten minutes before, or before another time."""
    stream = store.with_suffix(".jsonl")
    stream.write_bytes(b"".join(lines({host: stamp(parts, made or at) for host, parts in some.items()})))
    notes = Notes()
    gathered = gather([stream], None, notes.take)
    with opened(store, write=True) as database:
        return add(database, judge(gathered, at), gathered.hosts, notes, at, days)


def remembered(store: Path, *words: str) -> History:
    with opened(store) as database:
        return history(Memory(database), str(store), words)
