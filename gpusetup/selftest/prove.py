"""Run the selected checks in workers, judge the results, and return the proof."""

from __future__ import annotations

import datetime
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gpusetup import __version__
from gpusetup.content_dirs import content_dirs
from gpusetup.selftest.data_files import data_digests
from gpusetup.selftest.datasheet import with_datasheet
from gpusetup.selftest.judge import baseline as baselines
from gpusetup.selftest.judge import cases, defects, determinism, invariants, parity, published, speed
from gpusetup.selftest.judge import runs as ended
from gpusetup.selftest.known.leave_out import leave_out
from gpusetup.selftest.known.suspects import NOTHING_KNOWN, Known, explain
from gpusetup.selftest.own_model import identify
from gpusetup.selftest.proof import Proof
from gpusetup.selftest.proof_codec import pack, unpack
from gpusetup.selftest.schedule import RunLimits, again, numpy_python, plan
from gpusetup.selftest.smallest import made_small
from gpusetup.selftest.ulps import measure
from gpusetup.selftest.unproven import gaps, missed
from gpusetup.selftest.workers.execute import execute

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gpusetup.selftest.model import Run
    from gpusetup.selftest.registry import Check
    from gpusetup.selftest.schedule import Lane, Selection
    from gpusetup.selftest.verdict import Verdict
    from gpusetup.selftest.workers.worker_queue import LaneWorker

_LIMITS = RunLimits()


class Baseline(NamedTuple):
    """A saved proof, the share of its speed that may be lost, and whether the user requested a speed verdict."""

    proof: Proof
    may_lose: float = 0.25
    speed_asked: bool = False


def prove(
    selection: Selection,
    checks: dict[str, Check],
    *,
    own_checks: Path | None = None,
    baseline: Baseline | None = None,
    jobs: int = 2,
    limits: RunLimits = _LIMITS,
    watch: Callable[[Sequence[LaneWorker]], None] = lambda _: None,
) -> Proof:
    """Run `selection`, at most `jobs` workers at a time, and return the proof; `limits` apply to each run."""
    started = time.monotonic()
    identity = {name: identify(checks[name], selection.model) for name in selection.checks}
    held = _hold(baseline, identity) if baseline is not None else None
    with tempfile.TemporaryDirectory(prefix="gpusetup-selftest-") as scratch:
        lanes = plan(selection, checks, Path(scratch))
        run = partial(execute, folders=content_dirs("checks", own_checks), limits=limits, watch=watch)
        runs = [_described(one, checks[one.job.check]) for one in run(lanes, jobs=jobs)]
        known = explain(runs, lanes, partial(run, jobs=jobs), checks)
        runs = made_small(leave_out(runs, known), known, lanes, partial(run, jobs=jobs))
        if held is not None:
            runs += _measure_again(runs, lanes, held, partial(run, jobs=1))
        verdicts = judge(runs, checks, numpy_python(selection), known)
    if held is not None:
        verdicts += hold(runs, held, checks, selection)
    packed = pack(with_datasheet(runs))
    proof = Proof(
        gpusetup=__version__,
        made_at=datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds"),
        profile=selection.profile,
        seconds=round(time.monotonic() - started, 1),
        checks=identity,
        environments=packed.environments,
        layouts=packed.layouts,
        runs=packed.runs,
        verdicts=tuple(verdicts),
        unproven=tuple(gaps(selection, checks)),
        data=data_digests(selection, checks),
        missed=tuple(missed(selection, [run.job for run in runs])),
    )
    return msgspec.structs.replace(proof, conclusion=proof.concluded())


def _described(run: Run, check: Check) -> Run:
    """Return the run, as failed when it recorded tensors without a tolerance in check.toml: they cannot be judged."""
    unknown = check.lacks(record.kind for record in run.result.records) if run.result is not None else ()
    if not unknown:
        return run
    cause = f"it recorded tensors of a kind that check.toml has no tolerance for: {', '.join(unknown)}"
    return msgspec.structs.replace(run, outcome="failed", cause=cause, result=None)


class Held(NamedTuple):
    """A decoded baseline: its runs, the checks with unchanged source, and the share of speed that may be lost."""

    runs: Sequence[Run]
    unchanged: set[str]
    may_lose: float
    speed_asked: bool = False


def _hold(baseline: Baseline, identity: dict[str, str]) -> Held:
    unchanged = {name for name, source in identity.items() if baseline.proof.checks.get(name) == source}
    return Held(unpack(baseline.proof), unchanged, baseline.may_lose, baseline.speed_asked)


def _measure_again(
    runs: Sequence[Run], lanes: Sequence[Lane], held: Held, run: Callable[[Sequence[Lane]], list[Run]]
) -> list[Run]:
    """Run jobs that seem slower than the baseline again, alone and several times."""
    extra: list[Run] = []
    rounds = max((lane.round for lane in lanes), default=0)
    for number in range(rounds + 1, rounds + 1 + speed.AGAIN):
        slow = speed.suspects([*runs, *extra], held.runs, held.unchanged, held.may_lose)
        if not slow:
            break
        extra += run(again(lanes, slow, number))
    return extra


def judge(runs: Sequence[Run], checks: dict[str, Check], python: str, known: Known = NOTHING_KNOWN) -> list[Verdict]:
    """Return the verdicts that need nothing but the runs; the interpreter `python` reads their arrays.

    Wrong cases that are `known` defects are no failures.
    """
    with_truth, twice = parity.pairs(runs), determinism.pairs(runs)
    measured = measure([*with_truth, *twice], checks, python)
    return [
        *ended.judge(runs, checks),
        *parity.judge(runs, measured[: len(with_truth)], checks, known),
        *cases.judge(runs, known),
        *defects.judge(runs, known),
        *published.judge(runs, checks),
        *invariants.judge(runs, known),
        *determinism.judge(runs, measured[len(with_truth) :]),
    ]


def hold(runs: Sequence[Run], held: Held, checks: dict[str, Check], selection: Selection) -> list[Verdict]:
    """Return the verdicts that compare the runs with a baseline."""
    saved, unchanged, may_lose, asked = held
    return [
        *baselines.judge(runs, saved, unchanged, checks, selection.covers),
        *speed.judge(runs, saved, unchanged, may_lose, asked=asked),
    ]
