"""Published: a check with one right answer gives the fingerprint that its description publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.selftest.model import conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.catalogue import Check
    from gpusetup.selftest.model import Run, Verdict


def judge(runs: Sequence[Run], checks: dict[str, Check]) -> Iterator[Verdict]:
    """Yield one verdict per run of the first round, the reference included, where a fingerprint is published."""
    for run in runs:
        job = run.job
        known = checks[job.check].fingerprint.get(f"{job.profile}, seed {job.seed}")
        if run.result is None or job.round != 1 or known is None:
            continue
        same = run.result.fingerprint == known
        yield conclude(
            "published",
            job,
            "passed" if same else "failed",
            f"fingerprint {run.result.fingerprint[:12]}, published {known[:12]}, seed {job.seed}",
        )
