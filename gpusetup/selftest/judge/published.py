"""Published: a check with one right answer gives the fingerprint that its description publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.ulps import recorded
from gpusetup.selftest.verdict import conclude, elements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Run
    from gpusetup.selftest.registry import Check
    from gpusetup.selftest.verdict import State, Verdict


def judge(runs: Sequence[Run], checks: dict[str, Check]) -> Iterator[Verdict]:
    """Yield one verdict per run of the first round, the reference included, of a check that publishes fingerprints.

    A seed without a published fingerprint is unproven, and not required: parity with the reference covers its numbers.
    """
    for run in runs:
        job, answers = run.job, checks[run.job.check].fingerprint
        if run.result is None or job.round != 1 or not answers:
            continue
        known, found = answers.get(f"{job.profile}, seed {job.seed}"), run.result.fingerprint
        if known is not None:
            basis = msgspec.structs.replace(elements(recorded(run)), against="the published fingerprint")
            text = f"fingerprint {found[:12]}, published {known[:12]}, seed {job.seed}"
            state: State = "passed" if found == known else "failed"
            yield conclude("published", job, state, text, basis=basis, level="L0")
        elif job.framework != REFERENCE:
            text = f"no fingerprint is published for seed {job.seed} of a {job.profile} run"
            yield conclude("published", job, "unproven", text, required=False)
