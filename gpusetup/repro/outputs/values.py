"""The values of a document, each by its path; what is called as a time is left out."""

from __future__ import annotations

from typing import Any

import msgspec

from gpusetup.repro.outputs.item import Item, Leaf
from gpusetup.repro.outputs.names import of_element, of_key
from gpusetup.repro.outputs.times import MASK, is_time, masked

DEEPEST = 64
"""Levels that are looked into; what lies deeper is compared as one text."""


def values(document: Any, path: str = "") -> list[Item]:
    """Return the values of a document by their paths below `path`, such as ``train.loss[0]``."""
    found = list[Item]()
    _collect(document, path, DEEPEST, found)
    return found


def _collect(value: Any, path: str, left: int, found: list[Item]) -> None:
    if not isinstance(value, dict | list):
        found.append(Leaf(path, masked(value) if isinstance(value, str) else repr(value)))
    elif not value or not left:
        found.append(Leaf(path, masked(msgspec.json.encode(value).decode())))
    elif isinstance(value, dict):
        for key, part in value.items():
            below = of_key(path, key)
            if is_time(str(key)):
                found.append(Leaf(below, MASK))
            else:
                _collect(part, below, left - 1, found)
    else:
        for number, part in enumerate(value):
            _collect(part, of_element(path, number), left - 1, found)
