"""A record as directed ways between ranks: for each the best of its measurements, since load makes one only slower."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from gpusetup.fleet.links.model import Exchange, Kind, Record


class Way(NamedTuple):
    """From one rank to another."""

    sender: int
    receiver: int
    kind: Kind
    rate: float
    """Bytes per second; 0 where nothing arrived."""
    latency: float
    wrong: str
    """What arrived wrong, in words."""
    failed: str
    """Why nothing arrived at any try."""
    once: str
    """Why it failed at one try, and not at another."""


class Ways(NamedTuple):
    """All ways, and the hosts of the ranks."""

    ways: tuple[Way, ...]
    host: dict[int, str]
    waited: dict[int, list[float]]
    """Rank → the seconds that each of its partners waited longer for it than it for them."""


def ways(record: Record) -> Ways:
    """Return the ways of a record between ranks that were there until the end."""
    host = {one.rank: one.host for one in record.ranks}
    gone = {one.rank for one in record.gone}
    tries: dict[tuple[int, int], list[Exchange]] = defaultdict(list)
    waited: dict[int, list[float]] = defaultdict(list)
    for one in record.pairs:
        first, second = one.of
        if first == second or not {first, second} <= host.keys() or gone & {first, second}:
            continue
        tries[first, second].append(one)
        if not one.alone and not any(one.error):
            waited[first].append(one.waited[1] - one.waited[0])
            waited[second].append(one.waited[0] - one.waited[1])
    found = [_way(some, back) for some in tries.values() for back in (False, True)]
    return Ways(tuple(found), host, dict(waited))


def _way(tries: Iterable[Exchange], back: bool) -> Way:
    some = tuple(tries)
    first, second = some[0].of
    rates = [one.rate[back] for one in some]
    errors = [text for one in some if not one.rate[back] for text in _errors(one)]
    wrong = next((_words(one.wrong[back]) for one in some if one.wrong[back]), "")
    latency = min((one.latency for one in some if one.latency), default=0.0)
    why = errors[0] if errors else ""
    sender, receiver = (second, first) if back else (first, second)
    best = max(rates)
    return Way(
        sender, receiver, some[0].kind, best, latency, wrong, "" if best else why or "nothing came", why * bool(best)
    )


def _errors(one: Exchange) -> list[str]:
    """Return the reasons of a failed try; the own deadline says more than that the other end then closed."""
    return sorted((text for text in one.error if text), key=lambda text: "losed" in text)


def _words(wrong: tuple[int | str, ...]) -> str:
    if len(wrong) != 3:
        return "wrong numbers"
    numbers, bits, what = wrong
    return f"{_count(numbers, 'wrong number')}, {_count(bits, 'wrong bit')}: {what}"


def _count(number: int | str, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}" if isinstance(number, int) else word
