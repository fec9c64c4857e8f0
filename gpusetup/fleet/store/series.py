"""The figures of a GPU that are followed, and a machine's readings of them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, convert

from gpusetup.fleet.partial import NOT_SAVED, Missing, Reading, Text
from gpusetup.value import Value

_CONTENT = Path(__file__).with_name("series.toml")
_LARGEST = 1 << 62
"""What a column of integers holds; a host may have written any number."""


class Series(Value, omit_defaults=True):
    """One figure; see the head of ``series.toml``."""

    name: str
    path: str
    kind: Literal["damage", "event", "level"]
    metric: str
    item: int | None = None
    unit: str = ""
    worse: Literal["up", "down"] = "up"
    least: float = 0.0
    """The smallest change of a level that matters, in its unit."""
    source: str = ""


class _Table(Value):
    series: tuple[Series, ...]


@cache
def series() -> tuple[Series, ...]:
    """Return the table."""
    return convert(tomllib.loads(_CONTENT.read_text("utf-8")), _Table).series


@cache
def by_name() -> dict[str, Series]:
    """Return the table's rows by their names."""
    return {one.name: one for one in series()}


Pair = tuple[int, int]


class Card(Struct, frozen=True):
    """A GPU: where it is, and its counters."""

    index: int
    uuid: Reading[Text] = NOT_SAVED
    serial: Reading[Text] = NOT_SAVED
    pci_address: Reading[Text] = NOT_SAVED
    temperature: Reading[int] = NOT_SAVED
    memory_temperature: Reading[int] = NOT_SAVED
    ecc_corrected: Reading[int] = NOT_SAVED
    ecc_uncorrected: Reading[int] = NOT_SAVED
    retired_pages: Reading[Pair] = NOT_SAVED
    remapped_rows: Reading[tuple[int, int, bool, bool]] = NOT_SAVED
    pcie_replays: Reading[int] = NOT_SAVED
    nvlink_errors: Reading[tuple[int, int, int]] = NOT_SAVED
    sram_errors: Reading[tuple[int, int, bool]] = NOT_SAVED


class Cards(Struct, frozen=True):
    """A machine's GPUs."""

    read_at: Annotated[str, Meta(max_length=40)]
    gpus: Reading[Annotated[tuple[Card, ...], Meta(max_length=1024)]]


def figures(card: Card) -> Iterator[tuple[Series, int]]:
    """Yield each figure that could be read."""
    for one in series():
        reading = getattr(card, one.path)
        if not isinstance(reading, Missing):
            value = reading if one.item is None else reading[one.item]
            if abs(value) < _LARGEST:
                yield one, int(value)
