"""What a fault of a link means for hosts: whom to drain, and of whom nothing can be said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gpusetup.fleet.links.model import LinkFault, Links
from gpusetup.fleet.model import Reason

MOST = 8
"""Hosts of a group that is at fault only together which are each told so."""


def link_reasons(records: Iterable[Links]) -> Iterator[tuple[str, Reason]]:
    """Yield hosts with reasons: a host or rank at fault drains, of a pair nothing says which of the two it is.

    A pair that is only slow is no reason to take either out of service, since their other links are as fast as usual.
    """
    for links in records:
        for fault in links.faults:
            for host in _told(fault):
                yield host, _reason(fault, host)


def unattributed(links: Links) -> bool:
    """Return whether something is wrong that no host is told of: nothing measured, a rank that never came."""
    return links.verdict == "unknown" or any(not _told(fault) for fault in links.faults)


def _told(fault: LinkFault) -> list[str]:
    hosts = [host for host in dict.fromkeys(fault.hosts) if host]
    return hosts if len(hosts) <= MOST else []


def _reason(fault: LinkFault, host: str) -> Reason:
    if fault.level in {"host", "rank"}:
        where = "" if fault.level == "host" else f"rank {fault.ranks[0]}"
        return Reason(
            kind="link", weight="drain", of="links", where=where,
            text=f"{where}: {fault.text}" if where else f"its links: {fault.text}",
        )  # fmt: skip
    others = [other for other in dict.fromkeys(fault.hosts) if other != host]
    weight = "warn" if fault.kind in {"slow", "latency"} else "unknown"
    text = f"its link with {', '.join(others)}" if others else f"ranks {', '.join(map(str, fault.ranks))}"
    return Reason(kind="link", weight=weight, of="links", text=f"{text}: {fault.subject}: {fault.text}")  # type: ignore[arg-type]  # one of the weights
