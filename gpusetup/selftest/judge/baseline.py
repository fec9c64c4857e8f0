"""Baseline: the same as the saved proof, bit for bit in the same environment, within tolerance in another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from gpusetup.selftest.distance import spacing
from gpusetup.selftest.model import Divergence, conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.catalogue import Check
    from gpusetup.selftest.model import Job, Precision, Record, Result, Run, State, Verdict

_BOTH = 2.0


class Judgement(NamedTuple):
    """What one run is, held against its baseline."""

    state: State
    summary: str
    first: Divergence | None = None


class Apart(NamedTuple):
    """How far two records of a tensor are apart, at the worst of the kept elements; infinite when nothing can say."""

    ulps: float
    where: tuple[int, ...]
    got: str
    expected: str


def judge(
    runs: Sequence[Run], saved: Sequence[Run], unchanged: set[str], checks: dict[str, Check]
) -> Iterator[Verdict]:
    """Yield one verdict per run of the first round; `unchanged` names the checks whose source is what it was."""
    before = {place(run.job): run.result for run in saved if run.result is not None}
    for run in runs:
        if run.result is None or run.job.round != 1:
            continue
        old, name = before.get(place(run.job)), run.job.check
        if old is None:
            found = Judgement("unproven", "the baseline has no such run")
        elif name not in unchanged:
            found = Judgement("unproven", "the check itself has changed since the baseline")
        else:
            found = _compare(run.result, old, checks[name], run.job.precision)
        yield conclude("baseline", run.job, found.state, f"{found.summary}, seed {run.job.seed}", found.first)


def place(job: Job) -> tuple[object, ...]:
    """Return what a run must have in common with the run of the baseline that it is held against."""
    return job.check, job.framework, job.device, job.seed, job.precision, job.profile, job.data, job.round


def changes(now: Result, before: Result) -> list[str]:
    """Return what of the environment is another than it was, in words."""
    ours, theirs = now.environment, before.environment
    keys = [key for key in sorted(ours | theirs) if ours.get(key) != theirs.get(key)]
    return [f"{key} {theirs.get(key, 'absent')} → {ours.get(key, 'absent')}" for key in keys]


def _compare(now: Result, before: Result, check: Check, precision: Precision) -> Judgement:
    changed = changes(now, before)
    names = "; ".join(changed)
    if now.fingerprint == before.fingerprint:
        return Judgement("passed", "the same bits" + (f", though it changed: {names}" if changed else ""))
    first = _first_beyond(now, before, check, precision, _BOTH if changed else 0.0)
    where = f"first in {first.tensor}, step {first.step}" if first else "it records other tensors"
    if not changed:
        return Judgement("failed", f"other bits than the baseline in the same environment, {where}", first)
    if first is None:
        return Judgement("passed", f"L3: other bits, within tolerance (changed: {names})")
    return Judgement("failed", f"beyond tolerance of the baseline (changed: {names}), {where}", first)


def _first_beyond(now: Result, before: Result, check: Check, precision: Precision, slack: float) -> Divergence | None:
    """Return the first record that differs by more than `slack` × its limit; 0 asks for the same bits."""
    new = {(record.step, record.name): record for record in now.records}
    for old in before.records:
        record = new.get((old.step, old.name))
        if record is not None and record.digest == old.digest:
            continue
        limit = slack * check.limit(old.kind, old.step, precision) if slack else 0.0
        apart = _apart(record, old, check.digits(old.kind, precision))
        if slack and apart.ulps <= limit:
            continue
        return Divergence(
            step=old.step,
            tensor=old.name,
            index=apart.where,
            got=apart.got,
            expected=apart.expected,
            ulps=apart.ulps if math.isfinite(apart.ulps) else None,
            limit=limit,
            cause=check.usual_cause(old.name),
        )
    return None


def _apart(record: Record | None, old: Record, digits: int) -> Apart:
    """Return the distance over the kept elements; that of other bits is infinite when none of those differ."""
    if record is None:
        return Apart(math.inf, (), "nothing", "a tensor")
    if record.shape != old.shape:
        return Apart(math.inf, (), f"shape {record.shape}", f"shape {old.shape}")
    bits = Apart(math.inf, (), f"digest {record.digest}", f"digest {old.digest}")
    if not old.sample:
        return bits
    pairs = [*zip(record.sample, old.sample, strict=True), (record.largest, old.largest)]
    distances = [_distance(*pair) for pair in pairs]
    worst = max(range(len(pairs)), key=distances.__getitem__)
    ulps = distances[worst] / spacing(old.largest or 0.0, digits)
    if ulps == 0:
        return bits._replace(ulps=0.0)
    where = _unravel(worst, old) if worst < len(old.sample) else ()
    return Apart(ulps, where, *(f"{value:.9g}" if value is not None else "not finite" for value in pairs[worst]))


def _distance(got: float | None, expected: float | None) -> float:
    if got is None or expected is None:
        return 0.0 if got is expected else math.inf
    return abs(got - expected)


def _unravel(sample: int, record: Record) -> tuple[int, ...]:
    """Return where in the tensor its `sample`-th kept element stands; the recorder spreads them so."""
    size, count = math.prod(record.shape), len(record.sample)
    flat = sample * (size - 1) // max(1, count - 1)
    index = []
    for length in reversed(record.shape):
        flat, here = divmod(flat, length)
        index.append(here)
    return tuple(reversed(index))
