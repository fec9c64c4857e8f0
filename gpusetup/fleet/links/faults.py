"""What was found, as faults with words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from statistics import median
from typing import Literal

from gpusetup.fleet.links.blame import Named
from gpusetup.fleet.links.model import LinkFault, Record
from gpusetup.fleet.links.slow import Slow
from gpusetup.fleet.links.sums import blamed
from gpusetup.fleet.links.ways import Ways
from gpusetup.text import neutral

LATE = 0.5
"""Seconds that the others wait for a rank, in the middle, from which on it is late; and `_FACTOR` times the usual."""
_FACTOR = 5.0
_FEWEST = 4
_VERBS = {"sends": "sends", "receives": "receives", "both": "sends and receives"}
_LONGEST = 300


def gone_faults(record: Record, found: Ways) -> Iterator[LinkFault]:
    """Yield the ranks that are gone; all ranks of a host as one."""
    why = {one.rank: one for one in record.gone}
    done: set[str] = set()
    for rank, one in why.items():
        name = found.host.get(rank, "")
        of_host = [other for other, its in found.host.items() if its == name]
        ranks = tuple(other for other in of_host if other in why)
        text = neutral(one.why + (f" while {one.doing}" if one.doing else ""))[:_LONGEST]
        if not name:
            yield LinkFault(kind="gone", level="rank", hosts=(), ranks=(rank,), text=f"never came: {text}")
        elif len(ranks) < len(of_host):
            yield LinkFault(kind="gone", level="rank", hosts=(neutral(name),), ranks=(rank,), text=text)
        elif name not in done:
            done.add(name)
            yield LinkFault(kind="gone", level="host", hosts=(neutral(name),), ranks=ranks, text=text)


def named_faults(found: Ways, kind: Literal["wrong", "failed"], named: Iterable[Named]) -> Iterator[LinkFault]:
    """Yield those on whose ways numbers arrive wrong, or not at all."""
    for one in named:
        first = one.ways[0]
        told = neutral(first.wrong if kind == "wrong" else first.failed)[:_LONGEST]
        if one.level != "pair":
            what = "wrong numbers" if kind == "wrong" else "nothing"
            way = f"{len(one.ways)} ways, as rank {first.sender} to rank {first.receiver}"
            told = f"{_VERBS[one.direction]} {what} ({way}: {told})"
        yield _fault(found, one, kind, told)


def slow_faults(found: Ways, kind: Literal["slow", "latency"], some: Iterable[Slow]) -> list[LinkFault]:
    """Return those that are slow by their rates, or late to answer."""
    faults = []
    for one in some:
        share = f"{one.share:.0%}" if one.share >= 0.1 else f"{one.share:.1%}"
        inner = one.named.level == "host" and one.named.ways[0].kind == "within"
        verb = "between its own ranks" if inner else f"{_VERBS[one.named.direction]} at"
        side = "" if one.named.level == "pair" else f"{verb} "
        text = (
            f"{side}{share} of the usual rate" if kind == "slow" else f"answers after {1 / one.share:.3g} usual times"
        )
        faults.append(_fault(found, one.named, kind, text))
    return faults


def late_faults(found: Ways) -> Iterator[LinkFault]:
    """Yield a rank for which its partners wait by long, in the middle: it is slow before it comes to a link."""
    behind = {rank: median(some) for rank, some in found.waited.items() if len(some) > 1}
    if len(behind) < _FEWEST:
        return
    usual = median(map(abs, behind.values()))
    for rank, seconds in behind.items():
        if seconds > max(LATE, _FACTOR * usual):
            yield LinkFault(
                kind="late", level="rank", hosts=(neutral(found.host[rank]),), ranks=(rank,),
                text=f"the others wait {seconds:.1f} s for it, in the middle of its exchanges",
            )  # fmt: skip


def sum_faults(record: Record, found: Ways, known: Set[int]) -> Iterator[LinkFault]:
    """Yield who is to blame for bad sums, but for those of which the pairs have said it."""
    for one in blamed(record.totals):
        if known.isdisjoint(one.ranks):
            level = {1: "rank", 2: "pair"}.get(len(one.ranks), "group")
            hosts = tuple(neutral(found.host.get(rank, "")) for rank in one.ranks)
            yield LinkFault(
                kind=one.what, level=level, hosts=hosts, ranks=one.ranks, direction="both", text=one.text,  # type: ignore[arg-type]  # of their words
            )  # fmt: skip


def _fault(found: Ways, one: Named, kind: str, text: str) -> LinkFault:
    """Return a fault with the hosts of its ranks: of a pair both."""
    ranks = one.ranks if one.level == "pair" else one.ranks[:1]
    hosts = tuple(neutral(found.host[rank]) for rank in ranks)
    return LinkFault(kind=kind, level=one.level, hosts=hosts, ranks=one.ranks, direction=one.direction, text=text)  # type: ignore[arg-type]  # one of the kinds
