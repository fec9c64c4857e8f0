"""Which findings are everybody's, and which one host's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from gpusetup.fleet.host import Host, Problem
from gpusetup.fleet.model import Reason, SharedFinding
from gpusetup.fleet.reasons import few

_RANK = {"error": 0, "warning": 1}


def shared_findings(group: str, hosts: Sequence[Host]) -> list[SharedFinding]:
    """Return each rule's finding with the hosts of the group that have it: errors first, the rarest first."""
    examined = [one for one in hosts if one.problems is not None]
    found: dict[tuple[str, str], list[tuple[str, Problem]]] = defaultdict(list)
    for host in examined:
        for one in host.problems or ():
            found[one.rule, one.state].append((host.name, one))
    rows = [
        SharedFinding(
            group=group,
            rule=rule,
            slug=some[0][1].slug,
            state="error" if state == "error" else "warning",
            summary=some[0][1].summary,
            hosts=tuple(name for name, _ in some),
            of=len(examined),
            everywhere=len(examined) > 1 and len(some) * 2 > len(examined),
        )
        for (rule, state), some in found.items()
    ]
    return sorted(rows, key=lambda one: (_RANK[one.state], one.everywhere, len(one.hosts), one.rule))


def finding_reasons(hosts: Sequence[Host], found: Sequence[SharedFinding]) -> Iterator[tuple[str, Reason]]:
    """Yield what the doctor found on each host; what everybody has is no host's own and a note."""
    everywhere: dict[tuple[str, str], SharedFinding] = {(one.rule, one.state): one for one in found if one.everywhere}
    for host in hosts:
        for one in host.problems or ():
            everyone = everywhere.get((one.rule, one.state))
            also = f" (so have {len(everyone.hosts) - 1} others of {everyone.of})" if everyone is not None else ""
            more = f", and on {one.subjects - 1} more" if one.subjects > 1 else ""
            yield (
                host.name,
                Reason(
                    kind="finding",
                    weight="note" if everyone is not None else "drain" if one.state == "error" else "warn",
                    of=one.rule,
                    text=f"{one.rule} {one.state}, {one.summary}{more}{also}",
                    remedy=f"gpusetup doctor explain {one.rule}",
                ),
            )


def blind_reasons(hosts: Sequence[Host]) -> Iterator[tuple[str, Reason]]:
    """Yield what could not be checked on a host, and could on most of its equals."""
    examined = [one for one in hosts if one.problems is not None]
    counts = Counter(rule for one in examined for rule in one.unknown)
    for host in examined:
        if host.verdict == "unknown":
            yield host.name, Reason(kind="finding", weight="unknown", text="the doctor could check nothing of it")
        rare = [rule for rule in host.unknown if counts[rule] * 2 < len(examined)]
        if rare:
            yield (
                host.name,
                Reason(
                    kind="finding",
                    weight="unknown",
                    of=rare[0],
                    text=f"{few(rare)} cannot check here, and can on most others",
                ),
            )
