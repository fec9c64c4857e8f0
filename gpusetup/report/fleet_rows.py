"""What the text and the page of a fleet share: its headline, hosts with the same reasons, short lists of names."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.fleet.model import Fleet, HostResult

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


def alike(hosts: Sequence[HostResult]) -> list[list[HostResult]]:
    """Return the hosts, those with the same reasons together, in the order of their first ones."""
    found: dict[tuple[str, ...], list[HostResult]] = defaultdict(list)
    for one in hosts:
        found[tuple(reason.text for reason in one.reasons)].append(one)
    return list(found.values())


def names(some: Sequence[str], most: int = NAMES) -> str:
    """Return names with commas; beyond `most` only how many there are."""
    shown = ", ".join(some[:most])
    return f"{shown} and {len(some) - most:,} more" if len(some) > most else shown


def counted(count: int, word: str) -> str:
    """Return ``1 host``, ``1,000 hosts``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
