"""Runs: whether every job finished, and with finite numbers."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.verdict import conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Run
    from gpusetup.selftest.registry import Check
    from gpusetup.selftest.verdict import State, Verdict


def judge(runs: Sequence[Run], checks: dict[str, Check]) -> Iterator[Verdict]:
    """Yield one verdict per kind of ending that is not ``finished``, and per run that computed NaN or infinity.

    The state is unproven where the framework or the device does not support what was requested, else failed. A fault
    that occurs in every round is reported once. All other runs are judged by the other verdicts.
    """
    endings: dict[tuple[str, ...], list[Run]] = defaultdict(list)
    for run in runs:
        if run.outcome != "finished":
            job = run.job
            endings[job.check, job.framework, job.device, job.precision, run.outcome, run.cause].append(run)
    for struck in endings.values():
        first = struck[0]
        which = ", ".join(f"seed {run.job.seed} round {run.job.round}" for run in struck)
        state: State = "unproven" if first.outcome == "unsupported" else "failed"
        found = conclude(
            "run",
            first.job,
            state,
            f"{first.outcome}: {first.cause.removeprefix(f'{first.outcome}: ')} ({which})",
            evidence=first.log,
        )
        same = {run.job.seed for run in struck} == {first.job.seed}
        yield found if same else msgspec.structs.replace(found, seed=None)
    yield from _not_numbers(runs, checks)


def _not_numbers(runs: Sequence[Run], checks: dict[str, Check]) -> Iterator[Verdict]:
    """Yield a verdict for the first tensor with a NaN or an infinity that has no finite reference to compare with.

    Where the reference has the tensor and there is a tolerance, parity reports it, with its index; where the
    reference has a NaN or an infinity itself, none is expected to be finite.
    """
    known = {
        (run.job.check, record.step, record.name)
        for run in runs
        if run.job.framework == REFERENCE and run.result is not None
        for record in run.result.records
        if record.largest is None or math.isfinite(checks[run.job.check].limit(record.kind, record.step))
    }
    for run in runs:
        for record in run.result.records if run.result is not None and run.job.round == 1 else ():
            if record.largest is None and (run.job.check, record.step, record.name) not in known:
                yield conclude("run", run.job, "failed", f"NaN or infinity first in {record.name}, step {record.step}")
                break
