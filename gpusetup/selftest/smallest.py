"""Wrong cases made small: they run again alone, in shapes and options that become smaller while the fault stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.selftest.known.suspects import WRONG
from gpusetup.selftest.model import name_case, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gpusetup.selftest.known.suspects import Known
    from gpusetup.selftest.model import Case, Job, Place, Run
    from gpusetup.selftest.schedule import Lane

SECONDS = 20.0
"""For each case."""
MOST = 3
"""Cases of a framework and device: the others are listed as they were drawn."""


def made_small(
    runs: Sequence[Run], known: Known, lanes: Sequence[Lane], run: Callable[[Sequence[Lane]], list[Run]]
) -> list[Run]:
    """Return the runs with their first wrong cases in the smallest form found; known defects stay as they are."""
    again = list(_lanes(runs, known, lanes))
    small = {
        (place_of(one.job), name_case(case)): case
        for one in (run(again) if again else ())
        for case in (one.result.cases if one.result is not None else ())
    }
    return [_with(one, small) for one in runs] if small else list(runs)


def _lanes(runs: Sequence[Run], known: Known, lanes: Sequence[Lane]) -> Iterator[Lane]:
    for lane in lanes:
        jobs, left = [], MOST
        for job in lane.jobs if lane.round == 1 else ():
            if ids := _wrong(job, runs, known)[:left]:
                left -= len(ids)
                jobs.append(_shrinking(job, ids))
        if jobs:
            yield msgspec.structs.replace(lane, jobs=tuple(jobs))


def _wrong(job: Job, runs: Sequence[Run], known: Known) -> tuple[str, ...]:
    """Return the cases of a job that are wrong in any round and no known defect."""
    excused = known.excused(job)
    cases = [case for run in runs if place_of(run.job) == place_of(job) and run.result for case in run.result.cases]
    wrong = [one for one in cases if one.outcome in WRONG and name_case(one) not in excused]
    return tuple(dict.fromkeys(one.case for one in wrong))


def _shrinking(job: Job, ids: tuple[str, ...]) -> Job:
    files = {"trace": f"{job.trace}-small.npz", "log": f"{job.log}-small.log"}
    return msgspec.structs.replace(job, only=ids, shrink=SECONDS, **files)


def _with(run: Run, small: dict[tuple[Place, str], Case]) -> Run:
    if run.result is None:
        return run
    place = place_of(run.job)
    cases = tuple(small.get((place, name_case(one)), one) if one.outcome in WRONG else one for one in run.result.cases)
    return msgspec.structs.replace(run, result=msgspec.structs.replace(run.result, cases=cases))
