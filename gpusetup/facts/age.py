"""Rows past their expiry date."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from gpusetup.facts import Facts
from gpusetup.facts.tables import TABLES
from gpusetup.value import Value

if TYPE_CHECKING:
    from gpusetup.facts.model.fact import Fact


class TableSummary(Value):
    """One table in numbers; `stale` counts the rows that have expired by the given day."""

    table: str
    rows: int
    sources: int
    """How many different sources its rows cite."""
    first_read: date
    last_read: date
    stale: int


def expired(row: Fact, on: date) -> bool:
    """Return whether `row` has expired by the day `on`."""
    return row.expires is not None and row.expires < on


def stale(facts: Facts, on: date) -> list[tuple[str, Fact]]:
    """Return every row that has expired by the day `on`, with its table, the longest expired first."""
    rows = [(table, row) for table in TABLES for row in getattr(facts, table) if expired(row, on)]
    return sorted(rows, key=lambda each: (each[1].expires, each[1].id))


def summaries(facts: Facts, on: date) -> tuple[TableSummary, ...]:
    """Return every table in numbers."""
    return tuple(_summary(table, getattr(facts, table), on) for table in TABLES)


def _summary(table: str, rows: tuple[Fact, ...], on: date) -> TableSummary:
    return TableSummary(
        table=table,
        rows=len(rows),
        sources=len({source for row in rows for source in row.source}),
        first_read=min(row.read_on for row in rows),
        last_read=max(row.read_on for row in rows),
        stale=sum(expired(row, on) for row in rows),
    )
