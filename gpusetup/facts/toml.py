"""Reads the TOML tables, in which frequently cited sources have short names."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.facts.model.fact import Fact
from gpusetup.facts.tables import row_type

CITING = ("source", "spec_source")


def read_table(folder: Path | str, table: str) -> tuple[Fact, ...]:
    """Return the rows of ``<table>.toml``, each checked against its type.

    Raises `WrongInputError`, which names file, table and row, for an invalid row: above all one without ``source`` or
    ``read_on``.
    """
    kind = row_type(table)
    path = Path(folder) / f"{table}.toml"
    names = read_sources(folder)
    return tuple(_convert(path, number, row, names, kind) for number, row in _rows(path, table))


def read_sources(folder: Path | str) -> dict[str, str]:
    """Return the short names that rows may cite, and what each stands for."""
    return {str(name): str(text) for name, text in _parse(Path(folder) / "sources.toml").items()}


def _rows(path: Path, table: str) -> Iterator[tuple[int, dict[str, Any]]]:
    document = _parse(path)
    if set(document) - {table}:
        others = ", ".join(set(document) - {table})
        raise WrongInputError(f"{path} must contain only the table [[{table}]], but also has {others}")
    return enumerate(document.get(table, []), start=1)


def _convert(path: Path, number: int, row: dict[str, Any], names: dict[str, str], kind: type[Fact]) -> Fact:
    where = partial(_where, path, number, row)
    for field in CITING:
        if field in row:
            row[field] = [_spell_out(name, names, where) for name in row[field]]
    try:
        return msgspec.convert(row, kind)
    except msgspec.ValidationError as error:
        fields = f"{kind.__module__.replace('.', '/')}.py, class {kind.__name__}"
        raise WrongInputError(f"{where()}: {error}", f"correct the row: {fields}, says which fields it has") from error


def _where(path: Path, number: int, row: dict[str, Any]) -> str:
    """Say where row `number` stands: on its line, where rows are written as ``[[table]]``."""
    begins = [line for line, text in enumerate(_text(path).split("\n"), start=1) if text.strip() == f"[[{path.stem}]]"]
    line = f":{begins[number - 1]}" if number <= len(begins) else ""
    return f"{path}{line}: [[{path.stem}]] row {number} ({row.get('id', 'without id')})"


def _spell_out(cited: str, names: dict[str, str], where: Callable[[], str]) -> str:
    """Return the address of a cited name; an address is returned unchanged."""
    if cited in names:
        return names[cited]
    if "/" in cited or ":" in cited:
        return cited
    raise WrongInputError(f"{where()}: cites {cited!r}, which is neither an address nor a name in sources.toml")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise WrongInputError(f"cannot read the facts in {path}: {error.strerror}") from error


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise WrongInputError(f"{path} is not TOML: {error}") from error
