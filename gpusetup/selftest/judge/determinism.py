"""Determinism: the same seed gives the same bits in fresh processes."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from gpusetup.selftest.model import REFERENCE, Divergence, conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.catalogue import Check
    from gpusetup.selftest.model import Result, Run, State, Verdict


def judge(runs: Sequence[Run], checks: dict[str, Check]) -> Iterator[Verdict]:
    """Yield one verdict per check, framework, device, seed and precision over all its rounds."""
    groups: dict[tuple[str, str, str, int, str], list[Run]] = defaultdict(list)
    for run in runs:
        job = run.job
        if run.result is not None and job.framework != REFERENCE:
            groups[job.check, job.framework, job.device, job.seed, job.precision].append(run)
    for rounds in groups.values():
        job = rounds[0].job
        state, summary, first = _same(rounds, checks[job.check])
        yield conclude("determinism", job, state, f"{summary}, seed {job.seed}", first)


def _same(rounds: Sequence[Run], check: Check) -> tuple[State, str, Divergence | None]:
    results = [run.result for run in rounds if run.result is not None]
    if len(results) < 2:
        return "unproven", "only one round finished", None
    for other in results[1:]:
        if other.fingerprint != results[0].fingerprint:
            first = _first_difference(results[0], other, check)
            return "failed", f"other bits in a fresh process, first in {first.tensor}, step {first.step}", first
    return "passed", f"same bits in {len(results)} fresh processes: {results[0].fingerprint[:12]}", None


def _first_difference(one: Result, two: Result, check: Check) -> Divergence:
    for ours, theirs in zip(one.records, two.records, strict=False):
        if ours != theirs:
            return Divergence(
                step=ours.step,
                tensor=ours.name,
                index=(),
                got=theirs.sha256[:12],
                expected=ours.sha256[:12],
                ulps=None,
                limit=0.0,
                cause="an unseeded random draw, or an operation that adds in an order of its own (atomics)",
            )
    raise AssertionError(f"{check.name}: the fingerprints differ but no record does")
