"""Wrong cases that a known defect explains, and the runs that show whether its work-around removes them."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gpusetup.facts.defects import assignments
from gpusetup.selftest.known.lookup import explanation
from gpusetup.selftest.model import Case, name_case, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gpusetup.facts.model.defects import Defect
    from gpusetup.selftest.model import Invariant, Job, Place, Run
    from gpusetup.selftest.registry import Check
    from gpusetup.selftest.schedule import Lane

WRONG = ("failed", "crashed")


class Suspect(NamedTuple):
    """One wrong case of one job, and the row of the table that explains it."""

    place: Place
    case: Case
    row: Defect
    release: str
    names: tuple[str, ...] = ()
    """Globs of the invariants and tensors that are wrong with it, in a check without cases."""

    @property
    def name(self) -> str:
        """Return ``matmul.rank4_rank2 forward eager``."""
        return name_case(self.case)


class Known(NamedTuple):
    """The wrong cases that the table lists, by what a second run with the work-around showed."""

    confirmed: tuple[Suspect, ...] = ()
    """Those that passed with the work-around."""
    unverified: tuple[Suspect, ...] = ()
    """Those of a defect that no environment variable avoids."""
    refuted: tuple[Suspect, ...] = ()
    """Those that are wrong with the work-around too: they are failures."""

    @property
    def accepted(self) -> tuple[Suspect, ...]:
        """Return those that are no failures."""
        return self.confirmed + self.unverified

    def excused(self, job: Job) -> set[str]:
        """Return the names of the cases of `job` that are known defects."""
        return {one.name for one in self.accepted if one.place == place_of(job)}

    def tolerates(self, job: Job, name: str) -> bool:
        """Return whether an invariant or tensor of a check without cases is wrong by a known defect."""
        here = (one for one in self.accepted if one.place == place_of(job))
        return any(fnmatch.fnmatch(name, glob) for one in here for glob in one.names)

    def why_not(self, job: Job, name: str) -> str:
        """Return why the defect that the table lists for a case does not explain it, or ""."""
        for one in self.refuted:
            if (one.place, one.name) == (place_of(job), name):
                return f"it stays with {' '.join(one.row.workaround)}, so the known {one.row.id} does not explain it"
        return ""


NOTHING_KNOWN = Known()


def explain(
    runs: Sequence[Run], lanes: Sequence[Lane], run: Callable[[Sequence[Lane]], list[Run]], checks: dict[str, Check]
) -> Known:
    """Return which wrong cases are known defects; `run` runs those again that have a work-around, with it."""
    found = [*find(runs), *find_invariants(runs, checks)]
    suspects = list({(one.place, one.name): one for one in found}.values())
    avoidable = [one for one in suspects if one.row.workaround]
    again = list(second_lanes(avoidable, lanes))
    outcomes = dict(_outcomes(run(again))) if again else {}
    passed = [one for one in avoidable if outcomes.get((one.place, one.name)) == "passed"]
    return Known(
        confirmed=tuple(passed),
        unverified=tuple(one for one in suspects if not one.row.workaround),
        refuted=tuple(one for one in avoidable if one not in passed),
    )


def find(runs: Iterable[Run]) -> Iterator[Suspect]:
    """Yield the wrong cases that a row of the table explains."""
    for run in runs:
        if run.result is None:
            continue
        for case in run.result.cases:
            found = explanation(case.case, run.job, run.result.environment) if case.outcome in WRONG else None
            if found is not None:
                yield Suspect(place_of(run.job), case, *found)


def find_invariants(runs: Iterable[Run], checks: dict[str, Check]) -> Iterator[Suspect]:
    """Yield the violated invariants of checks without cases that a row without a work-around explains.

    A work-around could not be tried on a part of such a check, so its row explains nothing here.
    """
    for run in runs:
        for one in run.result.invariants if run.result is not None else ():
            operation = None if one.holds else checks[run.job.check].operation_of(one.name)
            found = explanation(operation.id, run.job, run.result.environment) if operation and run.result else None
            if operation is not None and found is not None and not found[0].workaround:
                yield Suspect(place_of(run.job), _case(operation.id, run.job, one), *found, operation.names)


def _case(operation: str, job: Job, violated: Invariant) -> Case:
    said = f"{violated.name} ({violated.detail})"
    return Case(
        case=operation,
        direction="forward",
        mode="eager",
        dtype=job.precision,
        device=job.device,
        drawn="",
        outcome="failed",
        detail=said,
    )


def second_lanes(suspects: Sequence[Suspect], lanes: Sequence[Lane]) -> Iterator[Lane]:
    """Yield a lane for each framework and device that has suspects: those cases alone, with the work-arounds."""
    for lane in lanes:
        jobs = [_alone(job, _ids(suspects, job)) for job in lane.jobs if lane.round == 1 and _ids(suspects, job)]
        places = {place_of(job) for job in jobs}
        if jobs:
            rows = [one.row for one in suspects if one.place in places]
            yield msgspec.structs.replace(lane, jobs=tuple(jobs), variables=assignments(rows))


def _alone(job: Job, ids: tuple[str, ...]) -> Job:
    return msgspec.structs.replace(job, only=ids, trace=f"{job.trace}-known.npz", log=f"{job.log}-known.log")


def _ids(suspects: Iterable[Suspect], job: Job) -> tuple[str, ...]:
    return tuple(sorted({one.case.case for one in suspects if one.place == place_of(job)}))


def _outcomes(runs: Iterable[Run]) -> Iterator[tuple[tuple[Place, str], str]]:
    for run in runs:
        for case in run.result.cases if run.result is not None else ():
            yield (place_of(run.job), name_case(case)), case.outcome
