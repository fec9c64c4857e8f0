"""Determinism: the same seed gives the same bits in fresh processes."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.ulps import divergence, recorded
from gpusetup.selftest.verdict import Divergence, conclude, elements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Run
    from gpusetup.selftest.ulps import Pair
    from gpusetup.selftest.verdict import Verdict

_CAUSE = "an unseeded random draw, or an operation that sums in varying order (atomics)"


def pairs(runs: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Return, for every group of rounds that are not all equal, the first that differs and the first round."""
    found = []
    for rounds in map(_finished, _groups(runs)):
        other = next((run for run in rounds if _fingerprint(run) != _fingerprint(rounds[0])), None)
        found += [(other, rounds[0])] if other is not None else []
    return found


def judge(runs: Sequence[Run], measured: Sequence[Pair]) -> Iterator[Verdict]:
    """Yield one verdict per check, framework, device, seed and precision; `measured` are the `pairs` that differ.

    Where a single round was requested, determinism is unproven, and not required.
    """
    apart = {id(pair.against): pair for pair in measured}
    for planned in _groups(runs):
        rounds = _finished(planned)
        if rounds:
            yield _verdict(rounds, len(planned), apart.get(id(rounds[0])))


def _verdict(rounds: Sequence[Run], planned: int, apart: Pair | None) -> Verdict:
    job, count = rounds[0].job, len(rounds)
    if apart is not None:
        first = _first_difference(apart)
        summary = f"different bits in a fresh process, first in {first.tensor}, step {first.step}, seed {job.seed}"
        return conclude("determinism", job, "failed", summary, first)
    if count < 2:
        why = "one round only, nothing to compare it with" if planned < 2 else f"only one of {planned} rounds finished"
        return conclude("determinism", job, "unproven", f"{why}, seed {job.seed}", required=planned > 1)
    basis = msgspec.structs.replace(elements(recorded(rounds[0])), against=f"{count - 1} other processes")
    if not basis.count:
        return conclude("determinism", job, "unproven", f"it recorded nothing to compare, seed {job.seed}")
    same = f"same bits in {count} fresh processes: {_fingerprint(rounds[0])[:12]}"
    return conclude("determinism", job, "passed", f"{same}, seed {job.seed}", basis=basis, level="L2")


def _groups(runs: Sequence[Run]) -> list[list[Run]]:
    """Return the rounds of every job, finished or not."""
    groups: dict[tuple[str, str, str, int, str], list[Run]] = defaultdict(list)
    for run in runs:
        job = run.job
        if job.framework != REFERENCE:
            groups[job.check, job.framework, job.device, job.seed, job.precision].append(run)
    return list(groups.values())


def _finished(rounds: Sequence[Run]) -> list[Run]:
    return [run for run in rounds if run.result is not None]


def _fingerprint(run: Run) -> str:
    return run.result.fingerprint if run.result is not None else ""


def _first_difference(pair: Pair) -> Divergence:
    """Return the first tensor whose bits differ, at its worst element."""
    ours, theirs = recorded(pair.run), recorded(pair.against)
    digests = {(one.step, one.name): one.digest for one in ours}
    for record, distance in zip(theirs, pair.distances, strict=True):
        if digests.get((record.step, record.name)) != record.digest:
            return divergence(record, distance, 0.0, _CAUSE)
    last = ours[len(theirs)]  # ours begins with all of theirs, so the first extra tensor is the difference
    return Divergence(
        step=last.step, tensor=last.name, index=(), got="a tensor", expected="nothing", ulps=None, limit=0.0
    )
