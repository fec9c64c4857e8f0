"""Determinism: the same seed gives the same bits in fresh processes."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from gpusetup.selftest.distance import divergence
from gpusetup.selftest.model import REFERENCE, Divergence, conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.distance import Pair
    from gpusetup.selftest.model import Run, Verdict

_CAUSE = "an unseeded random draw, or an operation that adds in an order of its own (atomics)"


def pairs(runs: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Return, of every group of rounds that are not all the same, the first that differs and the first of all."""
    found = []
    for rounds in _groups(runs):
        other = next((run for run in rounds if _fingerprint(run) != _fingerprint(rounds[0])), None)
        found += [(other, rounds[0])] if other is not None else []
    return found


def judge(runs: Sequence[Run], measured: Sequence[Pair]) -> Iterator[Verdict]:
    """Yield one verdict per check, framework, device, seed and precision; `measured` are the `pairs` that differ."""
    apart = {id(pair.against): pair for pair in measured}
    for rounds in _groups(runs):
        job, count = rounds[0].job, len(rounds)
        if (pair := apart.get(id(rounds[0]))) is not None:
            first = _first_difference(pair)
            summary = f"other bits in a fresh process, first in {first.tensor}, step {first.step}"
            yield conclude("determinism", job, "failed", f"{summary}, seed {job.seed}", first)
        elif count < 2:
            yield conclude("determinism", job, "unproven", f"only one round finished, seed {job.seed}")
        else:
            same = f"same bits in {count} fresh processes: {_fingerprint(rounds[0])[:12]}"
            yield conclude("determinism", job, "passed", f"{same}, seed {job.seed}")


def _groups(runs: Sequence[Run]) -> list[list[Run]]:
    groups: dict[tuple[str, str, str, int, str], list[Run]] = defaultdict(list)
    for run in runs:
        job = run.job
        if run.result is not None and job.framework != REFERENCE:
            groups[job.check, job.framework, job.device, job.seed, job.precision].append(run)
    return list(groups.values())


def _fingerprint(run: Run) -> str:
    return run.result.fingerprint if run.result is not None else ""


def _first_difference(pair: Pair) -> Divergence:
    """Return the first tensor whose bits differ, at its worst element."""
    ours = pair.run.result.records if pair.run.result is not None else ()
    theirs = pair.against.result.records if pair.against.result is not None else ()
    digests = {(one.step, one.name): one.digest for one in ours}
    for record, distance in zip(theirs, pair.distances, strict=True):
        if digests.get((record.step, record.name)) != record.digest:
            return divergence(record, distance, 0.0, _CAUSE)
    last = ours[len(theirs)]  # all of theirs is in ours, so ours has one more
    return Divergence(
        step=last.step, tensor=last.name, index=(), got="a tensor", expected="nothing", ulps=None, limit=0.0
    )
