"""Two evidences compared: the verdict, and which change moved which results, most likely cause first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.errors import EXIT_FINE, EXIT_PROBLEMS, CannotLookError
from gpusetup.evidence.judged import judge
from gpusetup.evidence.model import Cause, Comparison
from gpusetup.evidence.pairs import pairs
from gpusetup.evidence.releases import came
from gpusetup.selftest.changes import folded, source_of
from gpusetup.selftest.model import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gpusetup.evidence.model import Evidence, Moved, Standing, Verdict
    from gpusetup.evidence.pairs import Pair
    from gpusetup.selftest.verdict import Changed

_ORDER: tuple[Standing, ...] = ("settled", "alone", "possible", "ruled out", "no effect")
_MOVED = ("within tolerance", "beyond tolerance", "other bits", "not judged")


class _Effect(NamedTuple):
    """What one change did to one result; `alone` where nothing else changed there."""

    moved: bool
    alone: bool
    brings: tuple[Changed, ...]
    reference: bool


def compare(before: Evidence, now: Evidence, names: tuple[str, str], lost: Iterable[str] = ()) -> Comparison:
    """Return how `now` differs from `before`, which are called `names`; `lost` says what could not be computed."""
    both = pairs(before, now)
    results = [judge(pair, before) for pair in both]
    judged = [one for one in results if one.framework != REFERENCE]
    missing = [f"{one.name}: {one.why}" for one in judged if one.state in {"missing", "not judged"}]
    return Comparison(
        verdict=_verdict(judged),
        before=names[0],
        now=names[1],
        causes=tuple(ordered(_causes(both, results, gpu=any(row.device != "cpu" for row in now.run)))),
        results=tuple(results),
        missing=(*missing, *lost),
        notes=tuple(_notes(before, now, both, results)),
    )


def exit_code(found: Comparison, *, bits: bool = False) -> int:
    """Return 0 where results are as promised, 1 where they drifted or parts differ, 3 where something was not compared.

    With `bits` only the same bits are as promised.
    """
    if found.verdict in {"drifted", "other parts"} or (bits and found.verdict == "within tolerance"):
        return EXIT_PROBLEMS
    return CannotLookError.exit_code if found.missing or found.verdict == "not compared" else EXIT_FINE


def ordered(causes: Iterable[Cause]) -> list[Cause]:
    """Return the causes, most likely first: what was settled, then by the table of what may change bits."""

    def place(one: Cause) -> tuple[int, bool, int, int]:
        return _ORDER.index(one.standing), one.change.rank == 0, one.change.rank, -one.moved

    return sorted(causes, key=place)


def _verdict(judged: Sequence[Moved]) -> Verdict:
    states = {one.state for one in judged} - {"missing"}
    if states & {"beyond tolerance", "other bits"}:
        return "drifted"
    if not states - {"not judged"}:
        return "not compared"
    return "within tolerance" if states - {"identical"} else "identical"


def _causes(both: Sequence[Pair], results: Sequence[Moved], *, gpu: bool) -> Iterator[Cause]:
    """Yield each change once, with how many of the results that it concerns moved.

    The reference counts as little as in the headline, unless it alone moved.
    """
    found: dict[Changed, list[_Effect]] = {}
    for pair, result in zip(both, results, strict=True):
        leaders = folded(pair.changed)
        for change, brings in leaders.items():
            alone = len(leaders) == 1
            found.setdefault(change, []).append(
                _Effect(result.state in _MOVED, alone, brings, result.framework == REFERENCE)
            )
    for change, where in found.items():
        there = [one for one in where if not one.reference]
        only_reference = any(one.moved for one in where) and not any(one.moved for one in there)
        counted = where if only_reference or not there else there
        moved = sum(one.moved for one in counted)
        standing: Standing = "possible" if moved else "no effect"
        if any(one.moved and one.alone for one in where):
            standing = "alone"
        follow = dict.fromkeys(brought for one in where for brought in one.brings)
        yield Cause(
            change=change, standing=standing, moved=moved, of=len(counted), brings=tuple(follow),
            source=source_of(change), known=tuple(came((change, *follow), gpu=gpu)),
        )  # fmt: skip


def _notes(before: Evidence, now: Evidence, both: Sequence[Pair], results: Sequence[Moved]) -> Iterator[str]:
    moved = [one for one in results if one.framework == REFERENCE and one.state in _MOVED]
    if moved:
        worst = max((one.worst or 0.0 for one in moved), default=0.0)
        yield f"the float64 reference moved as well, by at most {worst:.2g} ulps: NumPy or its libraries changed"
    for defect in sorted({*now.known} - {*before.known}):
        yield f"a known upstream defect shows now: {defect}"
    for defect in sorted({*before.known} - {*now.known}):
        yield f"a known upstream defect no longer shows: {defect}"
    wild = [one.name for pair, one in zip(both, results, strict=True) if not pair.repeats]
    if wild:
        yield f"gives other bits in each process, so that only tolerance is compared: {', '.join(wild)}"
