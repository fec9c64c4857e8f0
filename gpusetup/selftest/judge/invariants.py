"""Invariants: facts that hold whatever the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.selftest.model import conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Invariant, Job, Run, Verdict


def judge(runs: Sequence[Run]) -> Iterator[Verdict]:
    """Yield one verdict per run, the reference included: it must obey its own laws.

    Later rounds speak up only when something is broken in them that was not broken before.
    """
    told: set[tuple[Job, tuple[str, ...]]] = set()
    for run in runs:
        if run.result is None or not run.result.invariants:
            continue
        broken = [one for one in run.result.invariants if not one.holds]
        key = (msgspec.structs.replace(run.job, round=1, trace="", log=""), tuple(one.name for one in broken))
        if broken and key not in told:
            told.add(key)
            yield _failed(run.job, broken)
        elif run.job.round == 1:
            held = f"all {len(run.result.invariants)} hold, seed {run.job.seed}"
            yield conclude("invariant", run.job, "passed", held)


def _failed(job: Job, broken: Sequence[Invariant]) -> Verdict:
    """Return the verdict that names the first broken law, and the others in its evidence."""
    first, *others = [f"{one.name} ({one.detail})" for one in broken]
    more = f", and {len(others)} more" if others else ""
    evidence = tuple(f"not so: {one}" for one in others)
    return conclude("invariant", job, "failed", f"not so: {first}{more}, seed {job.seed}", evidence=evidence)
