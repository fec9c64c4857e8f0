"""Baseline: compare with a saved proof. Runs that either side lacks are reported as not compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.selftest.changes import changes
from gpusetup.selftest.judge.drift import Judgement, compare
from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.verdict import conclude

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gpusetup.selftest.model import Job, Result, Run
    from gpusetup.selftest.registry import Check
    from gpusetup.selftest.verdict import Changed, Verdict

_NONE = "none"
_FIELDS = ("check", "framework", "device", "precision", "seed", "profile", "data")


def judge(
    runs: Sequence[Run],
    saved: Sequence[Run],
    unchanged: set[str],
    checks: dict[str, Check],
    asked: Callable[[Job], bool] = lambda _: True,
) -> Iterator[Verdict]:
    """Yield one verdict per run of the first round, and per saved run that was `asked` for and is missing here.

    `unchanged` names the checks whose source is the same as in the saved proof.
    """
    before = {place(run.job): run for run in saved if run.result is not None and run.job.round == 1}
    truths = {(run.job.check, run.job.seed): run.result for run in runs if run.job.framework == REFERENCE}
    judged: set[tuple[object, ...]] = set()
    for run in runs:
        if run.result is None or run.job.round != 1:
            continue
        judged.add(_subject(run.job))
        yield _held(
            run, before.get(place(run.job)), saved, unchanged, checks, truths.get((run.job.check, run.job.seed))
        )
    ended = {place(run.job): run for run in runs if run.job.round == 1}
    for key, old in before.items():
        if old.job.framework == REFERENCE or _subject(old.job) in judged or not asked(old.job):
            continue
        now = ended.get(key)
        why = f"here it ended as {now.outcome}" if now is not None else "here it did not run"
        text = f"the saved proof has this run, and {why}, seed {old.job.seed}"
        yield conclude("baseline", old.job, "unproven", text)


def place(job: Job) -> tuple[object, ...]:
    """Return the key by which a run is matched with a run of the baseline."""
    return (*(getattr(job, name) for name in _FIELDS), job.round)


def _held(
    run: Run,
    old: Run | None,
    saved: Sequence[Run],
    unchanged: set[str],
    checks: dict[str, Check],
    truth: Result | None,
) -> Verdict:
    """Return the verdict about a finished run and its counterpart in the saved proof, if that has one."""
    job = run.job
    changed: tuple[Changed, ...] = ()
    if run.result is None or old is None or old.result is None:
        found = Judgement("unproven", _why_none(job, saved))
    elif job.check not in unchanged:
        found = Judgement("unproven", "the check itself has changed since the proof was saved")
    else:
        changed = changes(run.result.environment, old.result.environment)
        found = compare(run.result, old.result, checks[job.check], job.precision, changed, truth)
    verdict = conclude(
        "baseline",
        job,
        found.state,
        f"{found.summary}, seed {job.seed}",
        found.first,
        basis=found.basis,
        required=job.framework != REFERENCE,  # what changed there shows in every framework
        level=found.level,
    )
    return msgspec.structs.replace(verdict, changed=changed)


def _why_none(job: Job, saved: Sequence[Run]) -> str:
    """Say how the most similar of the saved runs differs."""
    others = [run.job for run in saved if run.job.check == job.check and run.job.framework == job.framework]
    if not others:
        return f"the saved proof has no {job.check} in {job.framework}"
    if any(place(other) == place(job) for other in others):
        return "the saved proof has this run, but it did not finish there"
    nearest = min((_differences(other, job) for other in others), key=len)
    return f"the saved proof has no such run: it has {', '.join(nearest)}"


def _differences(saved: Job, job: Job) -> list[str]:
    names = [name for name in _FIELDS if getattr(saved, name) != getattr(job, name)]
    return [f"{name} {_NONE if (value := getattr(saved, name)) == '' else value}" for name in names]


def _subject(job: Job) -> tuple[object, ...]:
    return tuple(getattr(job, name) for name in _FIELDS[:5])
