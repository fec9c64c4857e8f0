"""Baseline: the same as the saved proof, bit for bit in the same environment, within tolerance in another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from gpusetup.selftest.distance import spacing
from gpusetup.selftest.model import Divergence, conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.catalogue import Check
    from gpusetup.selftest.model import Job, Precision, Proof, Record, Result, Run, State, Verdict

    Judgement: TypeAlias = tuple[State, str, Divergence | None]

_BOTH = 2.0


def judge(
    runs: Sequence[Run], baseline: Proof, checks: dict[str, Check], identity: dict[str, str]
) -> Iterator[Verdict]:
    """Yield one verdict per run of the first round; `identity` names each check's version and source as of now."""
    saved = {_place(run.job): run.result for run in baseline.runs if run.result is not None}
    for run in runs:
        if run.result is None or run.job.round != 1:
            continue
        before, name = saved.get(_place(run.job)), run.job.check
        if before is None:
            judgement: Judgement = ("unproven", "the baseline has no such run", None)
        elif baseline.checks.get(name) != identity[name]:
            judgement = ("unproven", "the check itself has changed since the baseline", None)
        else:
            judgement = _compare(run.result, before, checks[name], run.job.precision)
        state, summary, first = judgement
        yield conclude("baseline", run.job, state, f"{summary}, seed {run.job.seed}", first)


def _place(job: Job) -> tuple[object, ...]:
    return job.check, job.framework, job.device, job.seed, job.precision, job.profile, job.data, job.round


def _compare(now: Result, before: Result, check: Check, precision: Precision) -> Judgement:
    changed = sorted(
        key for key in now.environment | before.environment if now.environment.get(key) != before.environment.get(key)
    )
    names = ", ".join(changed)
    if now.fingerprint == before.fingerprint:
        return "passed", "the same bits" + (f", though {names} changed" if changed else ""), None
    first = _first_beyond(now, before, check, precision, _BOTH if changed else 0.0)
    where = f"first in {first.tensor}, step {first.step}" if first else "it records other tensors"
    if not changed:
        return "failed", f"other bits than the baseline in the same environment, {where}", first
    if first is None:
        return "passed", f"L3: other bits, within tolerance ({names} changed)", None
    return "failed", f"beyond tolerance of the baseline ({names} changed), {where}", first


def _first_beyond(now: Result, before: Result, check: Check, precision: Precision, slack: float) -> Divergence | None:
    """Return the first record that differs by more than `slack` × its limit; 0 asks for the same bits."""
    new = {(record.step, record.name): record for record in now.records}
    for old in before.records:
        record = new.get((old.step, old.name))
        limit = slack * check.limit(old.kind, old.step, precision) if slack else 0.0
        apart = math.inf if record is None else _ulps(record, old, check.digits(old.kind, precision))
        if record is not None and (record.sha256 == old.sha256 or (slack and apart <= limit)):
            continue
        return Divergence(
            step=old.step,
            tensor=old.name,
            index=(),
            got=f"sha256 {record.sha256[:12]}" if record is not None else "nothing",
            expected=f"sha256 {old.sha256[:12]}",
            ulps=apart if math.isfinite(apart) else None,
            limit=limit,
            cause=check.usual_cause(old.name),
        )
    return None


def _ulps(record: Record, old: Record, digits: int) -> float:
    """Return the distance over the sampled elements; infinite when shapes or finiteness differ."""
    if record.shape != old.shape:
        return math.inf
    worst = 0.0
    for got, expected in zip(record.sample, old.sample, strict=True):
        if (got is None) != (expected is None):
            return math.inf
        if got is not None and expected is not None:
            worst = max(worst, abs(got - expected))
    return worst / spacing(old.largest or 0.0, digits)
