"""Invariants: facts that hold whatever the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.selftest.model import conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Run, Verdict


def judge(runs: Sequence[Run]) -> Iterator[Verdict]:
    """Yield one verdict per run, the reference included: it must obey its own laws.

    Later rounds speak up only when something is broken in them.
    """
    for run in runs:
        if run.result is None or not run.result.invariants:
            continue
        broken = [f"not so: {one.name} ({one.detail})" for one in run.result.invariants if not one.holds]
        if broken:
            yield conclude("invariant", run.job, "failed", "; ".join(broken) + f", seed {run.job.seed}")
        elif run.job.round == 1:
            held = f"all {len(run.result.invariants)} hold, seed {run.job.seed}"
            yield conclude("invariant", run.job, "passed", held)
