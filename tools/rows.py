"""Shared by all refreshers: update a row with upstream values, and report the changes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from gpusetup.errors import GpusetupError
from gpusetup.facts.cache import HERE
from tools import facts_toml

Row = dict[str, Any]
Update = Callable[[list[Row], date], Iterable[str]]


def merge(row: Row, found: Row, source: str, today: date) -> Iterator[str]:
    """Update `row` with the values `found` in the upstream `source`, and yield each change; None means not known.

    A row that was read again believes as long from now as it did from its first reading.
    """
    for field, value in found.items():
        if value is None or row.get(field) == value:
            continue
        yield f"{row['id']}: {field} {row.get(field, 'unknown')} → {value}"
        row[field] = value
        if source not in row["source"]:
            row["source"].append(source)
    if "expires" in row:
        row["expires"] = today + (row["expires"] - row["read_on"])
    row["read_on"] = today


def new(rows: list[Row], row_id: str, found: Row, source: str, today: date, lasts: timedelta | None = None) -> Row:
    """Add a row that an upstream has and the table lacks; it expires after `lasts`, never if that is None."""
    row = {"id": row_id, **found, "source": [source], "as_of": today.isoformat(), "read_on": today}
    rows.append(row | ({"expires": today + lasts} if lasts else {}))
    return rows[-1]


def apply(table: str, update: Update) -> None:
    """Print what `update` changes in a table; write it when the command line has ``--write``.

    Ends the program with one line, and leaves the table as it is, where the upstream cannot be asked.
    """
    path = Path(HERE) / f"{table}.toml"
    head, rows = facts_toml.read(path)
    changed = False
    try:
        for change in update(rows, date.today()):
            changed = True
            print(change, flush=True)
    except GpusetupError as error:
        raise SystemExit(f"{table} stays as it is: {error.message}") from error
    if not changed:
        print(f"{table}: nothing to change")
    if "--write" in sys.argv[1:]:
        facts_toml.write(path, head, rows)
