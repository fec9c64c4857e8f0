"""The facts as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec

from gpusetup.report.console import console, show_table
from gpusetup.text import neutral

if TYPE_CHECKING:
    from rich.table import Table

    from gpusetup.facts.age import TableSummary
    from gpusetup.facts.check.contradiction import Contradiction
    from gpusetup.facts.model.fact import Fact

COMMON = {"id", "source", "spec_source", "read_on", "expires", "as_of"}


def show_tables(summaries: Iterable[TableSummary]) -> None:
    """Print the list of tables."""
    table = _table("table", "rows", "sources", "read on", "expired")
    for row in summaries:
        read = str(row.first_read) if row.first_read == row.last_read else f"{row.first_read} to {row.last_read}"
        table.add_row(row.table, str(row.rows), str(row.sources), read, str(row.stale))
    show_table(table)


def show_rows(rows: Sequence[Fact]) -> None:
    """Print `rows`, one after the other."""
    table = _table("id", "content", "read on", "expires")
    for row in rows:
        table.add_row(neutral(row.id), _content(row), str(row.read_on), str(row.expires or "never"))
    show_table(table)


def show_row(row: Fact) -> None:
    """Print every field of one row."""
    out = console()
    for field, value in msgspec.structs.asdict(row).items():
        for text in value if isinstance(value, tuple) else (value,):
            if text not in ("", None):
                out.print(f"{field:>20}  {neutral(_text(text))}", soft_wrap=True)


def show_stale(rows: Sequence[tuple[str, Fact]], on: date) -> None:
    """Print the rows that have expired."""
    if not rows:
        console().print(f"No row has expired by {on}.")
        return
    table = _table("table", "id", "read on", "expired")
    for name, row in rows:
        table.add_row(name, neutral(row.id), str(row.read_on), str(row.expires))
    show_table(table)
    console().print(f"{len(rows)} rows have expired by {on}: check their sources again (tools/refresh_*.py helps).")


def show_problems(problems: Sequence[Contradiction], checks: int) -> None:
    """Print the contradictions and their number."""
    out = console()
    for problem in problems:
        out.print(f"{neutral(problem.row)}: {neutral(problem.text)}", soft_wrap=True)
    out.print(f"{len(problems)} contradictions found by {checks} constraints.")


def _table(*columns: str) -> Table:
    from rich.table import Table  # the console has loaded it

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _content(row: Fact) -> str:
    fields = {field.name: field for field in msgspec.structs.fields(type(row))}
    values = {name: getattr(row, name) for name in (*sorted(fields, key="note".__eq__),) if name not in COMMON}
    given = {name: value for name, value in values.items() if value not in (fields[name].default, (), {}, "", None)}
    return neutral(" · ".join(f"{name} {_text(value)}" for name, value in given.items()))


def _text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(_text, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(item)}" for key, item in value.items())
    if isinstance(value, msgspec.Struct):
        return _text({name: item for name, item in msgspec.structs.asdict(value).items() if item})
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
