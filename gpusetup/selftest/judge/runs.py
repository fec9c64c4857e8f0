"""Runs: every job came to its end."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from gpusetup.selftest.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.selftest.model import Run


def judge(runs: Sequence[Run]) -> list[Verdict]:
    """Return one failed verdict per way in which runs of one kind ended; those that finished speak through the others.

    A fault that strikes in every round is said once.
    """
    endings: dict[tuple[str, str, str, str, str], list[Run]] = defaultdict(list)
    for run in runs:
        if run.outcome != "finished":
            job = run.job
            endings[job.check, job.framework, job.device, run.outcome, run.cause].append(run)
    return [
        Verdict(
            kind="run",
            check=check,
            framework=framework,
            device=device,
            state="failed",
            summary=f"{outcome}: {cause} ({_which(struck)})",
            evidence=struck[0].log,
        )
        for (check, framework, device, outcome, cause), struck in endings.items()
    ]


def _which(struck: Sequence[Run]) -> str:
    return ", ".join(f"seed {run.job.seed} round {run.job.round}" for run in struck)
