"""Runs: every job came to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.selftest.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Run


def judge(runs: Sequence[Run]) -> Iterator[Verdict]:
    """Yield one failed verdict per run that did not finish; those that did speak through the other verdicts."""
    for run in runs:
        if run.outcome != "finished":
            yield Verdict(
                kind="run",
                check=run.job.check,
                framework=run.job.framework,
                device=run.job.device,
                state="failed",
                summary=f"{run.outcome}: {run.cause} (seed {run.job.seed}, round {run.job.round})",
                evidence=run.log,
            )
