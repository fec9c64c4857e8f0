"""The values of a document, each by its path; what is called as a time is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpusetup.repro.outputs.item import Item, Leaf
from gpusetup.repro.outputs.times import MASK, is_time, masked

if TYPE_CHECKING:
    from collections.abc import Iterator


def values(document: Any, path: str = "") -> list[Item]:
    """Return the values of a document by their paths below `path`, such as ``train.loss[0]``."""
    return list(_values(document, path))


def _values(value: Any, path: str) -> Iterator[Item]:
    if isinstance(value, dict):
        for key, part in value.items():
            below = f"{path}.{key}" if path else str(key)
            yield from [Leaf(below, MASK)] if is_time(str(key)) else _values(part, below)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _values(part, f"{path}[{number}]")
    else:
        yield Leaf(path, masked(value) if isinstance(value, str) else repr(value))
