"""What the text and the page of a fleet share: its headline, hosts with the same reasons, short lists of names."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.fleet.model import Fleet, HostResult, Reason, State

NAMES = 8


def headline(fleet: Fleet) -> str:
    """Return the verdict in one line: ``3 of 1,000 hosts to drain, 2 cannot be judged, 12 need attention, …``."""
    words = ", ".join(f"{count:,} {word}" for _, count, word in states(fleet))
    return f"{counted(len(fleet.hosts), 'host')}: {words or 'nothing was given'}{_except(fleet)}"


def states(fleet: Fleet) -> list[tuple[State, int, str]]:
    """Return each state that hosts are in, how many are, and the words for it.

    Hosts without an equal are apart, since they were compared with nobody, and so are those of which nothing says who
    their equals are.
    """
    count = Counter(one.state for one in fleet.hosts)
    groups = Counter(one.group for one in fleet.hosts if one.state == "ok")
    unknown = sum(groups[one] for one in _unknown(fleet))
    alone = sum(groups[one] for one in _single(fleet) - _unknown(fleet))
    like = count["ok"] - alone - unknown
    found: list[tuple[State, int, str]] = [
        ("drain", count["drain"], "to drain"),
        ("unknown", count["unknown"], "cannot be judged"),
        ("attention", count["attention"], "needs attention" if count["attention"] == 1 else "need attention"),
        ("ok", unknown, "with unknown GPUs shows no fault" if unknown == 1 else "with unknown GPUs show no fault"),
        ("ok", alone, f"{'has' if alone == 1 else 'have'} no equal to be compared with"),
        ("ok", like, "is like its equals" if like == 1 else "are like their equals"),
    ]
    return [one for one in found if one[1]]


def _single(fleet: Fleet) -> set[str]:
    return {one.name for one in fleet.groups if one.hosts == 1}


def _unknown(fleet: Fleet) -> set[str]:
    return {one.name for one in fleet.groups if not one.product}


def _except(fleet: Fleet) -> str:
    """Return in what hosts that are like their equals are not, since no value has a majority there."""
    groups = {one.group for one in fleet.hosts if one.state == "ok"} - _single(fleet) - _unknown(fleet)
    undecided = (one for one in fleet.differences if not one.most and one.group in groups)
    titles = list(dict.fromkeys(one.title for one in undecided))
    return f", except in {names(titles, 2)}, where there is no majority" if titles else ""


class Block(NamedTuple):
    """Hosts with the same reasons, but for the GPUs that they are about; `reasons` without what is on most hosts."""

    hosts: tuple[HostResult, ...]
    reasons: tuple[tuple[Reason, str], ...]
    """Each with its text, which names the GPUs only where they are the same on all hosts."""


def alike(hosts: Sequence[HostResult]) -> list[Block]:
    """Return the hosts, those with the same reasons together, in the order of their first ones."""
    found: dict[tuple[str, ...], list[HostResult]] = defaultdict(list)
    for one in hosts:
        found[tuple(_bare(reason) for reason in _own(one))].append(one)
    return [Block(tuple(some), tuple(_told(some))) for some in found.values()]


def _own(host: HostResult) -> list[Reason]:
    """Return the reasons without findings that most hosts have: those are shown once, for all."""
    return [one for one in host.reasons if one.kind != "finding" or one.weight != "note"]


def _bare(reason: Reason) -> str:
    return reason.text.removeprefix(f"{reason.where}: ")


def _told(hosts: Sequence[HostResult]) -> Iterator[tuple[Reason, str]]:
    for same in zip(*map(_own, hosts), strict=True):
        yield same[0], same[0].text if len({one.where for one in same}) == 1 else _bare(same[0])


def names(some: Sequence[str], most: int = NAMES) -> str:
    """Return names with commas; beyond `most` only how many there are."""
    shown = ", ".join(some[:most])
    return f"{shown} and {len(some) - most:,} more" if len(some) > most else shown


def counted(count: int, word: str) -> str:
    """Return ``1 host``, ``1,000 hosts``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
