"""Cases: a run that judged each of its operations against float64 itself, and reports them one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.selftest.known.lookup import related
from gpusetup.selftest.known.suspects import NOTHING_KNOWN, WRONG, Known
from gpusetup.selftest.model import name_case, place_of
from gpusetup.selftest.verdict import Divergence, VerdictBasis, conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Case, Job, Run
    from gpusetup.selftest.verdict import Verdict


def judge(runs: Sequence[Run], known: Known = NOTHING_KNOWN) -> Iterator[Verdict]:
    """Yield one ``parity`` verdict per run with cases; later rounds only where other cases are wrong than before.

    Cases that are `known` defects are left to `judge.defects`.
    """
    seen: set[tuple[object, ...]] = set()
    for run in runs:
        if run.result is None or not run.result.cases:
            continue
        job, excused = run.job, known.excused(run.job)
        judged = [one for one in run.result.cases if name_case(one) not in excused]
        wrong = [one for one in judged if one.outcome in WRONG]
        key = (place_of(job), *map(name_case, wrong))
        if job.round == 1 or (wrong and key not in seen):
            yield _failed(job, wrong, known) if wrong else _passed(job, judged)
        seen.add(key)


def _passed(job: Job, cases: Sequence[Case]) -> Verdict:
    """Return the verdict over cases of which none is wrong; only those that ran are counted."""
    ran = [one for one in cases if one.outcome == "passed"]
    basis = VerdictBasis(count=sum(one.elements for one in ran), tensors=len(ran), against="float64")
    left = len(cases) - len(ran)
    more = f", {left} not supported by this version" if left else ""
    text = f"{len(ran)} cases are within their bounds of float64{more}, seed {job.seed}"
    return conclude("parity", job, "passed", text, basis=basis, level="L3")


def _failed(job: Job, wrong: Sequence[Case], known: Known) -> Verdict:
    """Return the verdict that names the first wrong case with its script, and the others in its evidence."""
    first, *others = wrong
    what = "crashed" if first.outcome == "crashed" else "is beyond its bound of float64"
    more = f", and {len(others)} more" if others else ""
    parts = [one for one in (first.drawn, first.detail, known.why_not(job, name_case(first))) if one]
    summary = f"{name_case(first)} {what}: {', '.join(parts)}{more}, seed {job.seed}"
    place = None
    if first.outcome == "failed":
        share = first.error / first.bound if first.error is not None and first.bound else None
        limit = first.ulps / share if share and first.ulps is not None else 0.0
        place = Divergence(
            step=0, tensor=first.case, index=(), got=first.detail, expected="", ulps=first.ulps, limit=limit
        )
    evidence = [f"{name_case(one)}: {one.outcome}, {one.drawn}, {one.detail}" for one in others]
    evidence += [
        f"listed for {row.package} {row.first} to {row.last}: {row.symptom}; {' '.join(row.source)}"
        for row in related(first.case, job)
    ]
    found = conclude("parity", job, "failed", summary, place, evidence=tuple(evidence))
    return msgspec.structs.replace(found, script=first.script)
