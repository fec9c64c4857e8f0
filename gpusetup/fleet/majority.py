"""What most of a group have, and who has something else. Where there is no majority, nobody is named."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gpusetup.fleet.forms import NONE, NOT_RECORDED, is_known, number_in
from gpusetup.fleet.host import Host
from gpusetup.fleet.model import Common, Difference, Minority
from gpusetup.fleet.properties import Cell, Property, properties
from gpusetup.fleet.votes import Unit, is_majority, others

NOUGHT = "0"


class Compared(NamedTuple):
    """A group's comparison: what most have, what differs, and which known values are missing where."""

    common: tuple[Common, ...]
    differences: tuple[Difference, ...]
    unknown: Mapping[str, Mapping[str, str]]
    """Host → title of a property → why it cannot be compared there, though it can elsewhere."""
    nowhere: tuple[str, ...]
    """Titles of what cannot be compared in more than half of the group."""


def compare(group: str, hosts: Sequence[Host]) -> Compared:
    """Compare the machines of one group, property by property: their own, and those of their GPUs."""
    known = [one for one in hosts if one.machine]
    common: list[Common] = []
    found: list[Difference] = []
    unknown: dict[str, dict[str, str]] = defaultdict(dict)
    nowhere: list[str] = []
    table = properties()
    if not known:
        return Compared((), (), unknown, ())
    for key, wanted, title, units in (*_of_hosts(known, table.host), *_of_gpus(known, table.gpu)):
        strange = {value for value in {one.value for one in units} if not is_known(value)}
        readable = [one for one in units if one.value not in strange] if strange else units
        blind = [one for one in units if one.value in strange and one.value != NOT_RECORDED] if strange else []
        if blind and len(readable) * 2 > len(units):
            for one in blind:
                unknown[one.host][title] = one.value[1:]
        elif blind:
            nowhere.append(title)
        judged = _judge(group, key, wanted, title, _nearby(readable, wanted.near))
        if isinstance(judged, Difference):
            found.append(judged)
            if not judged.most:
                continue
        if judged is not None and not wanted.only_zero:
            value, count, of = ((judged.most, judged.count, judged.of) if isinstance(judged, Difference)
                                else (judged.value, judged.count, judged.of))  # fmt: skip
            common.append(Common(property=key, title=title, topic=wanted.topic, value=value, count=count, of=of))
    return Compared(tuple(common), tuple(found), unknown, tuple(nowhere))


Column = tuple[str, Property, str, Sequence[Unit[str]]]
"""The property's key, its row of the table, its title, and what each unit has."""


def _of_hosts(hosts: Sequence[Host], table: Sequence[Property]) -> Iterator[Column]:
    for place, wanted in enumerate(table):
        key = f"host.{wanted.path}"
        cells = [(one.name, one.row[place]) for one in hosts]
        if wanted.is_family:
            yield from _of_family(key, wanted, cells)
        else:
            yield key, wanted, wanted.title, [Unit(name, name, str(cell)) for name, cell in cells]


def _of_family(key: str, wanted: Property, cells: Sequence[tuple[str, Cell]]) -> Iterator[Column]:
    """Yield a column for each member of a family on any host; a host that lacks it has `NONE`."""
    distinct = {cell for _, cell in cells if isinstance(cell, tuple)}
    if len(distinct) < 2:
        blind = [Unit(name, name, cell) for name, cell in cells if not isinstance(cell, tuple)]
        if blind:  # what cannot be read at all
            full = [Unit(name, name, "read") for name, cell in cells if isinstance(cell, tuple)]
            yield key, wanted, wanted.title, [*blind, *full]
        return
    maps = {cell: dict(cell) for cell in distinct}
    for member in sorted({name for one in maps.values() for name in one}):
        units = [
            Unit(name, name, cell if isinstance(cell, str) else maps[cell].get(member, NONE)) for name, cell in cells
        ]
        yield f"{key}.{member}", wanted, f"{wanted.title} {member}", units


def _of_gpus(hosts: Sequence[Host], table: Sequence[Property]) -> Iterator[Column]:
    kinds = {card for one in hosts for card in one.cards}
    total = sum(len(one.cards) for one in hosts)
    for place, wanted in enumerate(table) if kinds else ():
        values = {str(card[place]) for card in kinds}
        yield (
            f"gpu.{wanted.path}",
            wanted,
            wanted.title,
            ([Unit("", "", values.pop())] * total if len(values) == 1 else _cards(hosts, place)),
        )  # all alike: whose it is does not matter


def _cards(hosts: Sequence[Host], place: int) -> Sequence[Unit[str]]:
    return [
        Unit(one.name, f"{one.name}: GPU {index}", str(card[place]))
        for one in hosts
        for index, card in zip(one.indices, one.cards, strict=True)
    ]


def _nearby(units: Sequence[Unit[str]], near: float) -> Sequence[Unit[str]]:
    """Return the units, where numbers that are as near to the middle one as is allowed have one value."""
    if not near or len({one.value for one in units}) < 2:
        return units
    numbers = sorted((number, one.value) for one in units if (number := number_in(one.value)) is not None)
    if not numbers:
        return units
    middle, text = numbers[len(numbers) // 2]
    allowed = near * abs(middle)
    same = {value for number, value in numbers if abs(number - middle) <= allowed}
    return [one._replace(value=text) if one.value in same else one for one in units]


def _judge(
    group: str, key: str, wanted: Property, title: str, units: Sequence[Unit[str]]
) -> Difference | Common | None:
    counts = Counter(one.value for one in units)
    if not counts:
        return None
    most, count = max(counts.items(), key=lambda one: (one[1], one[0]))
    if len(counts) == 1:
        return Common(property=key, title=title, topic=wanted.topic, value=most, count=count, of=len(units))
    backed = is_majority(units, most, count)
    if wanted.only_zero and not (backed and most == NOUGHT):
        return None
    return Difference(
        group=group,
        property=key,
        title=title,
        topic=wanted.topic,
        weight=wanted.weight,
        unit="GPU" if key.startswith("gpu.") else "host",
        most=most if backed else "",
        count=count if backed else 0,
        of=len(units),
        others=tuple(_others(units, most if backed else None)),
        why=wanted.why,
        source=wanted.source,
    )


def _others(units: Sequence[Unit[str]], most: str | None) -> Iterator[Minority]:
    for one in others(units, most, order=str):
        yield Minority(value=one.value, places=one.places, hosts=one.hosts)
