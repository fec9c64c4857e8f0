"""Speed: not slower than the baseline in the same environment, beyond what noise explains.

Load on the machine makes a run slower and never faster, so the best of all rounds is compared with the best of all
saved rounds. A job that seems slower is run again, alone, before it is reported. There is no verdict without a
baseline, and in a changed environment speed is not comparable.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from gpusetup.selftest.changes import changes, named
from gpusetup.selftest.judge.baseline import place
from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.verdict import VerdictBasis, conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Job, Result, Run
    from gpusetup.selftest.verdict import Changed, Verdict

AGAIN = 3
"""How often a job that seems slower is run again."""
_RATE = " per second"


class SpeedChange(NamedTuple):
    """The rate that fell the most: its share of the best saved rate, and the scatter of the saved rates."""

    rate: str
    left: float
    scatter: float
    rates: int

    def slower(self, allowed: float) -> bool:
        """Return whether the loss exceeds both what is `allowed` and the scatter of the saved rounds."""
        return 1 - self.left > max(allowed, self.scatter)


def judge(
    runs: Sequence[Run], saved: Sequence[Run], unchanged: set[str], allowed: float, *, asked: bool = False
) -> Iterator[Verdict]:
    """Yield one verdict per job that has a rate, over all its rounds; `allowed` is the share that may be lost.

    In a changed environment speed is unproven; that affects the conclusion only where speed was `asked` for.
    """
    for now, before in _groups(runs, saved, unchanged):
        job = now[0].job
        change = _worst(_results(now), _results(before))
        if change is None:
            continue
        if changed := _changed(now, before):
            text = f"not comparable, changed: {named(changed)}, seed {job.seed}"
            yield conclude("speed", job, "unproven", text, required=asked)
        else:
            slower = change.slower(allowed)
            limit = max(allowed, change.scatter)
            text = f"{change.left:.0%} of the baseline's {change.rate}, best of {len(now)} rounds"
            text += f"; {limit:.0%} may be lost" if slower else ""
            basis = VerdictBasis(count=change.rates, of="rates", against="the saved rounds")
            yield conclude("speed", job, "failed" if slower else "passed", f"{text}, seed {job.seed}", basis=basis)


def suspects(runs: Sequence[Run], saved: Sequence[Run], unchanged: set[str], allowed: float) -> list[Job]:
    """Return the jobs that seem slower than they were, to be run again."""
    found = []
    for now, before in _groups(runs, saved, unchanged):
        change = _worst(_results(now), _results(before))
        if change is not None and change.slower(allowed) and not _changed(now, before):
            found.append(now[0].job)
    return found


def _groups(
    runs: Sequence[Run], saved: Sequence[Run], unchanged: set[str]
) -> Iterator[tuple[Sequence[Run], Sequence[Run]]]:
    """Yield the finished rounds of every job of a framework, with those of the baseline."""
    now, before = _by_job(runs), _by_job(saved)
    for key, rounds in now.items():
        job = rounds[0].job
        if key in before and job.check in unchanged and job.framework != REFERENCE:
            yield rounds, before[key]


def _by_job(runs: Sequence[Run]) -> dict[tuple[object, ...], list[Run]]:
    groups: dict[tuple[object, ...], list[Run]] = defaultdict(list)
    for run in runs:
        if run.result is not None:
            groups[place(run.job)[:-1]].append(run)
    return groups


def _changed(now: Sequence[Run], before: Sequence[Run]) -> tuple[Changed, ...]:
    return changes(_results(now)[0].environment, _results(before)[0].environment)


def _results(runs: Sequence[Run]) -> list[Result]:
    return [run.result for run in runs if run.result is not None]


def _worst(now: Sequence[Result], before: Sequence[Result]) -> SpeedChange | None:
    found = []
    for name in now[0].measures:
        ours, theirs = _rates(now, name), _rates(before, name)
        if name.endswith(_RATE) and ours and theirs:
            left, scatter = max(ours) / max(theirs), 1 - min(theirs) / max(theirs)
            found.append(SpeedChange(name, left, scatter, len(ours) + len(theirs)))
    return min(found, key=lambda change: change.left, default=None)


def _rates(results: Sequence[Result], name: str) -> list[float]:
    return [result.measures[name] for result in results if result.measures.get(name, 0) > 0]
