"""Invariants: facts that hold whatever the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.verdict import VerdictBasis, conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Invariant, Job, Run
    from gpusetup.selftest.verdict import Verdict


def judge(runs: Sequence[Run]) -> Iterator[Verdict]:
    """Yield one verdict per run, the reference included: it must obey its own laws.

    Later rounds speak up only when something is broken in them that was not broken before. A check without invariants
    gets no verdict; a run without them, of a check that has some elsewhere, is unproven.
    """
    lawful = {run.job.check for run in runs if run.job.framework != REFERENCE and run.result and run.result.invariants}
    told: set[tuple[Job, tuple[str, ...]]] = set()
    for run in runs:
        if run.result is None:
            continue
        if not run.result.invariants:
            if run.job.round == 1 and run.job.framework != REFERENCE and run.job.check in lawful:
                text = f"it recorded none, and other runs of this check did, seed {run.job.seed}"
                yield conclude("invariant", run.job, "unproven", text)
            continue
        broken = [one for one in run.result.invariants if not one.holds]
        key = (msgspec.structs.replace(run.job, round=1, trace="", log=""), tuple(one.name for one in broken))
        if broken and key not in told:
            told.add(key)
            yield _failed(run.job, broken)
        elif run.job.round == 1:
            basis = VerdictBasis(count=len(run.result.invariants), of="invariants")
            text = f"all {basis.count} hold, seed {run.job.seed}"
            yield conclude("invariant", run.job, "passed", text, basis=basis)


def _failed(job: Job, broken: Sequence[Invariant]) -> Verdict:
    """Return the verdict that names the first broken law, and the others in its evidence."""
    first, *others = [f"{one.name} ({one.detail})" for one in broken]
    more = f", and {len(others)} more" if others else ""
    evidence = tuple(f"not so: {one}" for one in others)
    return conclude("invariant", job, "failed", f"not so: {first}{more}, seed {job.seed}", evidence=evidence)
