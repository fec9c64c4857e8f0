"""Writes a table of facts the one way it is written: fields in the order of the row type, defaults left out.

Refreshers use it, and a test demands that every committed table is exactly what it would write. ``python -m
tools.facts_toml`` writes each table so, after rows were added by hand.
"""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from gpusetup import files
from gpusetup.facts import cache
from gpusetup.facts.tables import TABLES, row_type

LAST = ("note", "source", "spec_source", "as_of", "read_on", "expires")


def read(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """Return the comment at the head of the table file `path`, and its rows as they stand there."""
    text = path.read_text(encoding="utf-8")
    head = text.partition("\n[[")[0].strip() if not text.startswith("[[") else ""
    return head, tomllib.loads(text).get(path.stem, [])


def write(path: Path, head: str, rows: list[dict[str, Any]]) -> None:
    """Write the table file `path` in one step."""
    files.write(path, dump(path.stem, head, rows))


def dump(table: str, head: str, rows: list[dict[str, Any]]) -> str:
    """Return the text of a table file: `head` (comments), then the rows."""
    return "\n\n".join([head, *(_row(table, row) for row in rows)]) + "\n"


def _row(table: str, row: dict[str, Any]) -> str:
    fields = {field.name: field for field in msgspec.structs.fields(row_type(table))}
    order = ["id", *(name for name in fields if name != "id" and name not in LAST), *(n for n in LAST if n in fields)]
    kept = [name for name in order if name in row and row[name] != fields[name].default and row[name] not in ([], {})]
    return "\n".join([f"[[{table}]]", *(f"{name} = {_value(row[name])}" for name in kept)])


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # a JSON string is a TOML basic string
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    raise TypeError(f"no TOML for {type(value).__name__}")


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else json.dumps(key)


if __name__ == "__main__":
    for name in TABLES:
        file = Path(cache.HERE) / f"{name}.toml"
        write(file, *read(file))
