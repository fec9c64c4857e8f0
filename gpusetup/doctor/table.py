"""The doctor's own tables, JSON files beside this one: reading TOML would cost 4 ms of every start that needs one."""

from __future__ import annotations

import os
from typing import TypeVar

import msgspec

T = TypeVar("T")


def read_table(name: str, kind: type[T]) -> T:
    """Return ``NAME.json`` as a `kind`."""
    with open(os.path.join(os.path.dirname(__file__), f"{name}.json"), "rb") as file:
        return msgspec.json.decode(file.read(), type=kind)
