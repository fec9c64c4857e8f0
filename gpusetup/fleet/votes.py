"""Who is outvoted: the rules of a majority, the same for readings and for bits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

V = TypeVar("V")
FEWEST = 3
"""Of two that differ either may be the wrong one."""


class Unit(NamedTuple, Generic[V]):
    """One host, or one device of it, as it is counted."""

    host: str
    place: str
    value: V


class Others(NamedTuple, Generic[V]):
    """A value that is not the majority's, and where."""

    value: V
    places: tuple[str, ...]
    hosts: tuple[str, ...]


def is_majority(units: Sequence[Unit[V]], value: V, count: int) -> bool:
    """Say whether a value that `count` of the units have is the majority's, so that others can be named."""
    return len(units) >= FEWEST and count * 2 > len(units) and _most_hosts(units, value)


def _most_hosts(units: Iterable[Unit[V]], value: V) -> bool:
    """Say whether the value is also the commonest on more than half of the hosts, where there are several.

    One host with many devices cannot outvote another with few.
    """
    by_host: dict[str, Counter[V]] = defaultdict(Counter)
    for one in units:
        by_host[one.host][one.value] += 1
    having = sum(max(count.items(), key=lambda one: one[1])[0] == value for count in by_host.values())
    return having * 2 > len(by_host)


def others(units: Iterable[Unit[V]], most: V | None, order: Callable[[V], Any]) -> Iterator[Others[V]]:
    """Yield each value that is not `most`, the most frequent first, equally frequent ones by `order`."""
    places: dict[V, list[Unit[V]]] = defaultdict(list)
    for one in units:
        if one.value != most:
            places[one.value].append(one)
    for value, some in sorted(places.items(), key=lambda one: (-len(one[1]), order(one[0]))):
        yield Others(value, tuple(one.place for one in some), tuple(dict.fromkeys(one.host for one in some)))
