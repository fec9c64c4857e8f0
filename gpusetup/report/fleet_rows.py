"""What the text and the page of a fleet share: its headline, hosts with the same reasons, short lists of names."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.fleet.model import Fleet, HostResult, Reason

NAMES = 8


def headline(fleet: Fleet) -> str:
    """Return the verdict in one line: ``3 of 1,000 hosts to drain, 2 cannot be judged, 12 need attention, …``."""
    count = Counter(one.state for one in fleet.hosts)
    total = counted(len(fleet.hosts), "host")
    words = [
        f"{count['drain']:,} to drain" if count["drain"] else "",
        f"{count['unknown']:,} cannot be judged" if count["unknown"] else "",
        f"{count['attention']:,} need{'s' if count['attention'] == 1 else ''} attention" if count["attention"] else "",
        f"{count['ok']:,} {'is' if count['ok'] == 1 else 'are'} like their equals" if count["ok"] else "",
    ]
    return f"{total}: {', '.join(filter(None, words)) or 'nothing was given'}"


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
