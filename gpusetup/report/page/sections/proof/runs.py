"""Which runs of a proof are shown: of the same run in several processes the first, and of several seeds the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.selftest.model import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gpusetup.selftest.model import Job, Picture
    from gpusetup.selftest.proof import Kept

TRUTH = "float64"
"""What the reference is called."""


def shown(runs: Iterable[Kept]) -> list[Kept]:
    """Return the finished runs of the first round, of each framework, device and precision with its first seed."""
    found: dict[tuple[str, str, str, str], Kept] = {}
    for run in runs:
        job = run.job
        if run.result is None or job.model or job.round != 1:
            continue
        place = job.check, job.framework, job.device, job.precision
        if place not in found or job.seed < found[place].job.seed:
            found[place] = run
    return sorted(found.values(), key=lambda run: (run.job.check, run.job.framework != REFERENCE, run.job.framework))


def of_check(runs: Iterable[Kept], check: str) -> list[Kept]:
    """Return the runs of one check."""
    return [run for run in runs if run.job.check == check]


def pictured(runs: Iterable[Kept], check: str) -> Iterator[tuple[Kept, dict[str, Picture]]]:
    """Yield each run of a check that drew something, with its pictures by name; the reference last."""
    some = sorted(of_check(runs, check), key=lambda run: run.job.framework == REFERENCE)
    for run in some:
        if run.result is not None and run.result.pictures:
            yield run, {one.name: one for one in run.result.pictures}


def names(jobs: Sequence[Job]) -> list[str]:
    """Return what each job is called beside the others: ``pytorch``, with device and precision where they differ."""
    others = [job for job in jobs if job.framework != REFERENCE]
    devices, precisions = {job.device for job in others}, {job.precision for job in others}
    return [_name(job, several=(len(devices) > 1, len(precisions) > 1)) for job in jobs]


def _name(job: Job, *, several: tuple[bool, bool]) -> str:
    if job.framework == REFERENCE:
        return TRUTH
    kind = f" in {job.precision}" if several[1] else ""
    return f"{job.framework}{kind}" + (f" on {job.device}" if several[0] else "")
