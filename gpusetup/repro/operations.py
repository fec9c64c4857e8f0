"""The first operation of two traced runs that differs, and whose line of the program asked for it."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

import msgspec

from gpusetup.repro.model import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Tensors = list[tuple[str, tuple[int, ...], str]]
"""Type, shape and digest of each tensor."""
Traced = tuple[str, Tensors, Tensors, list[tuple[str, int, str]]]
"""An operation: its name, what went in, what came out, and the callers, innermost first."""


def first_operation(one: Path, other: Path, work: str) -> Operation | None:
    """Return the first operation that differs between the traces in two folders, None where there is none.

    A folder has one trace per process; they are compared in the order of their size, the largest first. `work` is the
    folder of the runs, which is left out of the callers' paths.
    """
    for ours, theirs in zip_longest(_traces(one), _traces(other)):
        if ours is None or theirs is None:
            return None  # a process that only one run has: its operations have no counterpart
        found = _first(ours, theirs, work)
        if found is not None:
            return found
    return None


def _traces(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"), key=lambda path: -path.stat().st_size)


def _first(ours: Path, theirs: Path, work: str) -> Operation | None:
    for number, (left, right) in enumerate(zip(_read(ours), _read(theirs), strict=False), 1):
        if _result(left) != _result(right):
            return Operation(
                number=number, name=left[0] if left[0] == right[0] else f"{left[0]} / {right[0]}",
                inputs_same=left[:2] == right[:2],
                shapes=tuple(f"{dtype}{list(shape)}" for dtype, shape, _ in left[1]),
                callers=tuple(f"{path.removeprefix(work + '/')}:{line} {name}" for path, line, name in left[3]),
            )  # fmt: skip
    return None


def _result(operation: Traced) -> tuple[str, Tensors]:
    """Return what is compared: what came out, for memory that is only written over differs as it comes in (copy_).

    An operation whose results are no tensors (a variable, a data set) is compared by what went in.
    """
    name, before, after, _ = operation
    return name, after if any(digest for _, _, digest in after) else before


def _read(path: Path) -> Iterator[Traced]:
    decoder = msgspec.json.Decoder(Traced)
    with path.open("rb") as file:
        for line in file:
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError:  # the last line of a process that was killed
                return
