"""Compares what two runs left: file by file in the order of writing, part by part."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from gpusetup.errors import CannotLookError, WrongInputError
from gpusetup.repro.model import STDOUT, Difference
from gpusetup.repro.outputs.formats import MANIFEST, read_database, read_items
from gpusetup.repro.outputs.item import Item, Leaf, OtherFormatError, first_difference
from gpusetup.repro.outputs.times import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MOST = 4 << 30
"""Bytes of one file that are read; a larger one is an error, not left out."""
LONGEST = 200
"""Characters of a value that a difference shows."""
_VARYING = re.compile(r"[0-9a-f]{8,}|\d+")


class Left(NamedTuple):
    """What a run left: its files by name, in the order of writing, and the file with what it printed.

    A folder that is a database stands there as one file. `pythons` are those that ran, whose libraries can read it.
    """

    files: dict[str, Path]
    printed: Path
    pythons: tuple[str, ...] = ()


class Comparison(NamedTuple):
    """The first difference, None without any, and how much was compared."""

    difference: Difference | None
    files: int = 0
    items: int = 0
    masked: int = 0
    renamed: int = 0


def compare(one: Left, other: Left, *, printed: bool = True) -> Comparison:
    """Return how `other` differs from `one`. What was printed is compared last: files are what a program is run for."""
    files = items = masked = renamed = 0
    for name, twin in _pairs(list(one.files), list(other.files)):
        if not name or not twin:
            missing = Difference(
                output=name or twin or "", first="written" if name else "not written",
                second="not written" if name else "written",
            )  # fmt: skip
            return Comparison(missing, files, items, masked, renamed)
        found = _items(name, one.files[name], one.pythons)
        difference = differ(name, found, _items(name, other.files[twin], one.pythons))
        files, items = files + 1, items + len(found)
        masked, renamed = masked + _masked(found), renamed + (name != twin)
        if difference is not None:
            return Comparison(difference, files, items, masked, renamed)
    if not printed:
        return Comparison(None, files, items, masked, renamed)
    lines = _items(STDOUT, one.printed)
    difference = differ(STDOUT, lines, _items(STDOUT, other.printed))
    return Comparison(difference, files, items + len(lines), masked + _masked(lines), renamed)


def _pairs(names: list[str], others: list[str]) -> Iterator[tuple[str, str]]:
    """Yield names and their counterparts: the same name, or one that differs in numbers alone; "" where there is none.

    Names hold times, process ids and drawn words: ``events.out.tfevents.1764500000.host.4711.0``.
    """
    left = [name for name in others if name not in names]
    by_form: dict[str, list[str]] = {}
    for name in left:
        by_form.setdefault(_VARYING.sub("#", name), []).append(name)
    for name in names:
        if name in others:
            yield name, name
        else:
            candidates = by_form.get(_VARYING.sub("#", name), [])
            yield name, candidates.pop(0) if candidates else ""
    for rest in by_form.values():
        for name in rest:
            yield "", name


def with_databases(files: dict[str, Path], pythons: tuple[str, ...]) -> dict[str, Path]:
    """Return `files` with each OCDBT database, whose files have drawn names, in the place of its own last file.

    Where none of the `pythons` can read one, its files stay as they are.
    """
    found = dict(files)
    for name, path in files.items():
        folder, _, last = name.rpartition("/")
        if last != MANIFEST or ".process_" in folder.rpartition("/")[2] or not _readable(path.parent, pythons):
            continue
        parts = tuple(f"{folder}/{part}" if folder else part for part in ("d/", "ocdbt.process_", MANIFEST))
        found = {one: at for one, at in found.items() if not one.startswith(parts)}
        found[folder or "."] = path.parent
    return found


def _readable(folder: Path, pythons: tuple[str, ...]) -> bool:
    try:
        read_database(folder, pythons)
    except OtherFormatError:
        return False
    return True


def _items(name: str, path: Path, pythons: tuple[str, ...] = ()) -> list[Item]:
    if path.is_dir():
        return read_database(path, pythons)
    try:
        if path.stat().st_size > MOST:
            raise WrongInputError(f"{name} has more than {MOST >> 30} GiB", "leave it out with --ignore")
        return read_items(name, path.read_bytes(), pythons)
    except OSError as error:
        raise CannotLookError(f"cannot read {name}, which the command wrote: {error.strerror}") from error


def _masked(items: Iterable[Item]) -> int:
    return sum(isinstance(item, Leaf) and MASK in item.text for item in items)


def differ(name: str, ours: list[Item], theirs: list[Item]) -> Difference | None:
    """Return the first difference between the parts of one file in two runs."""
    for item, twin in _twins(ours, theirs):
        if item is None or twin is None:
            kept = item or twin
            assert kept is not None
            there = ("there", "missing") if item else ("missing", "there")
            return Difference(output=name, item=kept.name, first=there[0], second=there[1])
        place = first_difference(item, twin)
        if place is not None:
            return Difference(
                output=name, item=item.name, index=place.element, first=place.first[:LONGEST],
                second=place.second[:LONGEST], ulps=place.ulps,
            )  # fmt: skip
    return None


def _twins(ours: list[Item], theirs: list[Item]) -> Iterator[tuple[Item | None, Item | None]]:
    """Yield the parts that belong together: by their places, or by their names where those are not the same."""
    if [item.name for item in ours] == [item.name for item in theirs]:  # a name may stand there twice
        yield from zip(ours, theirs, strict=True)
        return
    by_name = {item.name: item for item in theirs}
    for item in ours:
        yield item, by_name.pop(item.name, None)
    for extra in by_name.values():
        yield None, extra
