"""From a host's machine to rows of texts that can be compared; equal hosts share one row in memory."""

from __future__ import annotations

import tomllib
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from gpusetup.fleet.forms import FAMILIES, FORMS, written
from gpusetup.fleet.model import Weight
from gpusetup.fleet.partial import Missing
from gpusetup.text import neutral
from gpusetup.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gpusetup.fleet.partial import Gpu, Machine

_CONTENT = Path(__file__).with_name("properties.toml")
MOST_MEMBERS = 4000
"""Members of one family on one host; a host with more is not compared in it."""
TOO_MANY = "?too many"


class Property(Value, omit_defaults=True):
    """One thing that hosts, or GPUs, of one product have alike; see the head of ``properties.toml``."""

    path: str
    title: str
    topic: Literal[
        "driver", "firmware", "settings", "inventory", "kernel", "environment", "wheels", "memory", "clocks", "link",
        "health",
    ]  # fmt: skip
    weight: Weight
    form: str = "text"
    near: float = 0.0
    only_zero: bool = False
    follows: tuple[str, ...] = ()
    why: str = ""
    source: str = ""

    @property
    def is_family(self) -> bool:
        """Whether it is many values by name: wheels, variables, services."""
        return self.form in FAMILIES


class _Table(Value):
    host: tuple[Property, ...]
    gpu: tuple[Property, ...]


@cache
def properties() -> _Table:
    """Return the table: the properties of hosts, and those of GPUs."""
    return msgspec.convert(tomllib.loads(_CONTENT.read_text("utf-8")), _Table)


@cache
def by_key() -> Mapping[str, Property]:
    """Return the properties by the keys that differences and reasons have: ``host.driver.kernel_module``."""
    table = properties()
    return {f"{kind}.{one.path}": one for kind, some in (("host", table.host), ("gpu", table.gpu)) for one in some}


Members = tuple[tuple[str, str], ...]
Cell = str | Members
"""A value, or of a family its members by name."""
Row = tuple[Cell, ...]


class Rows:
    """Makes rows of machines; what was seen before costs one look-up, and is the same object again."""

    def __init__(self) -> None:
        table = properties()
        self._of_host = _Maker(table.host)
        self._of_gpu = _Maker(table.gpu)
        self._cards: dict[tuple[Row, ...], tuple[Row, ...]] = {}

    def host(self, machine: Machine) -> Row:
        """Return the row of a host, in the order of the table."""
        return self._of_host.row(machine)

    def gpus(self, gpus: Sequence[Gpu]) -> tuple[Row, ...]:
        """Return the rows of its GPUs, in the order in which the host has them."""
        rows = tuple(self._of_gpu.row(one) for one in gpus)
        return self._cards.setdefault(rows, rows)


class _Maker:
    """Makes rows of one kind: the same readings as before cost one look-up."""

    def __init__(self, wanted: Sequence[Property]) -> None:
        self._wanted = wanted
        self._read = attrgetter(*(one.path for one in wanted))
        self._known: dict[Any, Row] = {}
        self._cells: tuple[dict[Any, Cell], ...] = tuple({} for _ in wanted)
        self._same: dict[Row, Row] = {}

    def row(self, of: object) -> Row:
        readings = self._read(of)
        try:
            known = self._known.get(readings)
        except TypeError:  # a reading that is a mapping has no hash
            return self._made(readings)
        if known is None:
            known = self._known[readings] = self._made(readings)
        return known

    def _made(self, readings: tuple[Any, ...]) -> Row:
        row = tuple(map(self._cell, self._wanted, self._cells, readings))
        return self._same.setdefault(row, row)

    def _cell(self, wanted: Property, known: dict[Any, Cell], reading: Any) -> Cell:
        key = tuple(reading.items()) if isinstance(reading, dict) else reading
        found = known.get(key)
        if found is None:
            found = known[key] = _written(wanted, reading)
        return found


def _written(wanted: Property, reading: Any) -> Cell:
    if not wanted.is_family or isinstance(reading, Missing):
        return written(reading, FORMS.get(wanted.form, str))
    members = FAMILIES[wanted.form](reading)
    if len(members) > MOST_MEMBERS:
        return TOO_MANY
    plain: Callable[[Any], str] = str
    return tuple(sorted((neutral(name)[:200], written(value, plain)) for name, value in members.items()))
