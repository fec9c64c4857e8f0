"""Writes plain data as TOML; the standard library can only read it.

Scalars and arrays of scalars come first in each table, then its sub-tables, since what follows a table's header
belongs to that table. None is omitted: TOML has no null.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any


def to_toml(document: dict[str, Any]) -> str:
    """Return a mapping of strings, numbers, booleans, lists and mappings as a TOML document."""
    return "\n".join(_table(document, ())).lstrip("\n") + "\n"


def _table(table: dict[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    present = {key: value for key, value in table.items() if value is not None}
    for key, value in present.items():
        if not _is_table(value):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in present.items():
        if not _is_table(value):
            continue
        name = (*path, key)
        header = ".".join(map(_key, name))
        if isinstance(value, dict):
            if not value or not all(map(_is_table, value.values())):
                yield f"\n[{header}]"
            yield from _table(value, name)
        else:
            for item in value:
                yield f"\n[[{header}]]"
                yield from _table(item, name)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list | tuple) and bool(value) and isinstance(value[0], dict))


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # inf, -inf, nan: JSON has none
    return json.dumps(value)


def _string(text: str) -> str:
    """Return a basic string; JSON escapes like TOML, except that TOML also forbids a bare DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
