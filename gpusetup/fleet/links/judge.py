"""From a record to what is wrong, and with whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import median

from gpusetup.fleet.links.blame import blame
from gpusetup.fleet.links.faults import gone_faults, late_faults, named_faults, slow_faults, sum_faults
from gpusetup.fleet.links.model import Kind, LinkFault, LinkFigure, Links, Record
from gpusetup.fleet.links.slow import LATE_SHARE, slow
from gpusetup.fleet.links.ways import Ways, ways
from gpusetup.fleet.outliers import ALARM_RATE
from gpusetup.text import neutral


def judge_links(record: Record) -> Links:
    """Return the judgement over one record; pure."""
    found = ways(record)
    faults = [*gone_faults(record, found)]
    faults += named_faults(found, "wrong", blame(found, lambda one: bool(one.wrong)))
    faults += named_faults(found, "failed", blame(found, lambda one: bool(one.failed)))
    figures: list[LinkFigure] = []
    for kind in _KINDS:
        more, judged = _speed(found, kind)
        figures += judged
        known = {(one.level, one.ranks) for one in faults}
        faults += [one for one in more if (one.level, one.ranks) not in known]
    faults += late_faults(found)
    faults += sum_faults(record, found, {rank for one in faults for rank in one.ranks if one.kind in _DISCRETE})
    return Links(
        made_at=neutral(record.made_at),
        backend=record.backend,
        hosts=len(set(found.host.values())),
        ranks=len(found.host),
        pairs=len({(min(one[:2]), max(one[:2])) for one in found.ways}),
        rounds=record.rounds,
        of_rounds=record.of_rounds,
        sums=len(record.totals),
        verdict="faults" if faults else "ok" if found.ways and len(record.ranks) == record.world else "unknown",
        faults=tuple(faults),
        figures=tuple(figures),
        notes=tuple(_notes(record, found)),
        alarm_rate=ALARM_RATE,
    )


_KINDS: tuple[Kind, ...] = ("between", "within")
_DISCRETE = {"wrong", "failed", "gone"}


def _speed(found: Ways, kind: Kind) -> tuple[list[LinkFault], list[LinkFigure]]:
    """Return what is slow among ways of a kind: rates first, and latencies of those that are not slow by rate."""
    some = [one for one in found.ways if one.kind == kind and one.rate]
    if not some:
        return [], []
    rates = slow(found, kind, {one: one.rate for one in some})
    latencies = slow(found, kind, {one: 1 / max(one.latency, 1e-9) for one in some}, LATE_SHARE)
    figures = [
        _figure(kind, "bytes per second", [one.rate for one in some], rates.unsaid),
        _figure(kind, "seconds", [one.latency for one in some], latencies.unsaid),
    ]
    faults = slow_faults(found, "slow", rates.slow)
    named = {rank for one in faults if one.level != "pair" for rank in one.ranks}
    ends = {frozenset(one.ranks) for one in faults}
    late = (one for one in slow_faults(found, "latency", latencies.slow) if frozenset(one.ranks) not in ends)
    return [*faults, *(one for one in late if not named & {*one.ranks})], figures


def _figure(kind: Kind, measure: str, some: Iterable[float], unsaid: str) -> LinkFigure:
    values = sorted(some)
    return LinkFigure(
        kind=kind, measure=measure, pairs=len(values) // 2, median=median(values), lowest=values[0],  # type: ignore[arg-type]  # one of the two
        highest=values[-1], unsaid=unsaid,
    )  # fmt: skip


def _notes(record: Record, found: Ways) -> Iterator[str]:
    if record.rounds < record.of_rounds:
        yield (
            f"a sample: each host met {record.rounds} of {record.of_rounds} others; a single bad pair among those that "
            "did not meet is not seen"
        )
    once = [one for one in found.ways if one.once]
    if once:
        ends = ", ".join(f"{one.sender} to {one.receiver}" for one in once[:4])
        yield f"failed once, and not when tried again: rank {ends}: {neutral(once[0].once)[:200]}"
    if not found.ways:
        yield "no two ranks met: nothing was measured"
