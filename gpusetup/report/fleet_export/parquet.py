"""Parquet: the whole history as two tables, spans and samples, for DuckDB, pandas, Spark and the like."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpusetup.errors import MissingError, WrongInputError

if TYPE_CHECKING:
    from gpusetup.fleet.history.memory import Memory

_ROWS = 100_000
"""Rows of one group: what is in memory at once."""
_TABLES = {
    "spans": (("kind", "text"), ("subject", "text"), ("aspect", "text"), ("first", "time"), ("last", "time"),
              ("times", "int"), ("content", "text")),
    "samples": (("kind", "text"), ("subject", "text"), ("series", "text"), ("at", "time"), ("value", "float")),
}  # fmt: skip


def write_parquet(memory: Memory, folder: Path) -> list[Path]:
    """Write ``spans.parquet`` and ``samples.parquet`` in a folder, which is made; each only when it is whole.

    Raises `MissingError` without pyarrow, `WrongInputError` where the folder cannot be written.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingError("Parquet needs pyarrow", "pip install 'gpusetup[parquet]'") from error
    types: dict[str, Any] = {"text": arrow.string(), "time": arrow.timestamp("s", "UTC"), "int": arrow.int64(),
                             "float": arrow.float64()}  # fmt: skip
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for table, columns in _TABLES.items():
            form = arrow.schema([(name, types[kind]) for name, kind in columns])
            path, part = folder / f"{table}.parquet", folder / f".{table}.parquet.part"
            try:
                with parquet.ParquetWriter(part, form, compression="zstd") as writer:
                    for rows in _batches(memory.rows(table)):
                        arrays = [
                            arrow.array(some, kind)
                            for some, kind in zip(zip(*rows, strict=True), form.types, strict=True)
                        ]
                        writer.write_batch(arrow.record_batch(arrays, schema=form))
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            written.append(path)
    except OSError as error:
        raise WrongInputError(f"cannot write to {folder}: {error.strerror or error}") from error
    return written


def _batches(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while some := list(islice(rows, _ROWS)):
        yield some
