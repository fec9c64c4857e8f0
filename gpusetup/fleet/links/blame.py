"""Who is to blame for ways on which numbers arrive wrong or not at all: what most of whose ways share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from gpusetup.fleet.links.ways import Way, Ways

Direction = Literal["sends", "receives", "both"]


class Named(NamedTuple):
    """A host, a rank or a pair of ranks, in which direction, and the ways that show it."""

    level: Literal["host", "rank", "pair"]
    ranks: tuple[int, ...]
    direction: Direction
    ways: tuple[Way, ...]


class Unit(NamedTuple):
    """A host or a rank, as the ends of ways."""

    level: Literal["host", "rank"]
    ranks: frozenset[int]


def blame(all_ways: Ways, is_bad: Callable[[Way], bool]) -> Iterator[Named]:
    """Yield who is to blame, the one with most bad ways first: hosts, then ranks, then what is left as pairs."""
    ways = list(all_ways.ways)
    for level in units(all_ways.host):
        while found := _worst(level, ways, is_bad):
            yield found
            ways = [one for one in ways if not touches(one, found.ranks)]
    yield from pairs([one for one in ways if is_bad(one)])


def units(host: dict[int, str]) -> Iterator[Sequence[Unit]]:
    """Yield the units of each level: hosts where there are several, ranks where hosts have several."""
    members: dict[str, set[int]] = {}
    for rank, name in host.items():
        members.setdefault(name, set()).add(rank)
    if len(members) > 1:
        yield [Unit("host", frozenset(ranks)) for ranks in members.values()]
    if len(members) == 1 or any(len(ranks) > 1 for ranks in members.values()):
        yield [Unit("rank", frozenset({rank})) for rank in host]


def sides(level: Sequence[Unit], ways: Iterable[Way]) -> list[tuple[list[Way], list[Way]]]:
    """Return for each unit the ways that leave it, and those that come to it; what stays inside is of neither."""
    unit_of = {rank: number for number, unit in enumerate(level) for rank in unit.ranks}
    found: list[tuple[list[Way], list[Way]]] = [([], []) for _ in level]
    for one in ways:
        sender, receiver = unit_of[one.sender], unit_of[one.receiver]
        if sender != receiver:
            found[sender][0].append(one)
            found[receiver][1].append(one)
    return found


def inside(level: Sequence[Unit], ways: Iterable[Way]) -> list[list[Way]]:
    """Return for each unit the ways between its own ranks."""
    unit_of = {rank: number for number, unit in enumerate(level) for rank in unit.ranks}
    found: list[list[Way]] = [[] for _ in level]
    for one in ways:
        if unit_of[one.sender] == unit_of[one.receiver]:
            found[unit_of[one.sender]].append(one)
    return found


def pairs(ways: Iterable[Way]) -> Iterator[Named]:
    """Yield what is left as pairs, both directions of one together."""
    found: dict[tuple[int, int], list[Way]] = {}
    for one in ways:
        found.setdefault((min(one[:2]), max(one[:2])), []).append(one)
    for some in found.values():
        ends = (some[0].sender, some[0].receiver)
        yield Named("pair", ends, "both" if len(some) > 1 else "sends", tuple(some))


def direction(out: bool, into: bool) -> Direction:
    """Return the word for what of a unit is bad."""
    return "both" if out and into else "sends" if out else "receives"


def _worst(level: Sequence[Unit], ways: Sequence[Way], is_bad: Callable[[Way], bool]) -> Named | None:
    found: list[tuple[int, Named]] = []
    if not any(map(is_bad, ways)):
        return None
    for unit, parts in zip(level, sides(level, ways), strict=True):
        bad = [[one for one in part if is_bad(one)] for part in parts]
        guilty = [
            len(some) * 2 > len(part) and len({one[:2] for one in some}) > 1 and _several(unit, part)
            for some, part in zip(bad, parts, strict=True)
        ]
        if any(guilty) and not _one_rank(unit, bad[0] + bad[1]):
            shown = tuple(one for some, is_guilty in zip(bad, guilty, strict=True) if is_guilty for one in some)
            found.append((len(shown), Named(unit.level, tuple(sorted(unit.ranks)), direction(*guilty), shown)))
    return max(found, key=lambda one: one[0])[1] if found else None


def _several(unit: Unit, ways: Iterable[Way]) -> bool:
    """Return whether a unit was seen by several others: of two that disagree nothing says which is at fault."""
    return len({end for one in ways for end in one[:2]} - unit.ranks) > 1


def _one_rank(unit: Unit, bad: Sequence[Way]) -> bool:
    """Return whether one rank of a host with several explains all that is bad: then it is the rank, not the host."""
    return len(unit.ranks) > 1 and any(all(touches(one, (rank,)) for one in bad) for rank in unit.ranks)


def touches(one: Way, ranks: Iterable[int]) -> bool:
    """Return whether one of the ranks is an end of a way."""
    return not {*ranks}.isdisjoint(one[:2])
