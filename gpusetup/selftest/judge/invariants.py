"""Invariants: facts that hold whatever the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.selftest.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Run


def judge(runs: Sequence[Run]) -> Iterator[Verdict]:
    """Yield one verdict per run of the first round, the reference included: it must obey its own laws."""
    for run in runs:
        if run.result is None or run.job.round != 1 or not run.result.invariants:
            continue
        broken = [invariant for invariant in run.result.invariants if not invariant.holds]
        summary = f"all {len(run.result.invariants)} hold"
        if broken:
            summary = "; ".join(f"not so: {invariant.name} ({invariant.detail})" for invariant in broken)
        yield Verdict(
            kind="invariant",
            check=run.job.check,
            framework=run.job.framework,
            device=run.job.device,
            state="failed" if broken else "passed",
            summary=f"{summary}, seed {run.job.seed}",
            evidence=tuple(f"{invariant.name}: {invariant.detail}" for invariant in run.result.invariants),
        )
