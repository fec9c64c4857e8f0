"""The whole of it: choose the checks, run them in workers, judge what they computed."""

from __future__ import annotations

import datetime
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup import __version__
from gpusetup.content import content_dirs
from gpusetup.errors import WrongInputError
from gpusetup.selftest.distance import measure
from gpusetup.selftest.execute import execute
from gpusetup.selftest.judge import baseline as baselines
from gpusetup.selftest.judge import determinism, invariants, parity, published
from gpusetup.selftest.judge import runs as endings
from gpusetup.selftest.pack import pack, unpack
from gpusetup.selftest.plan import Limits, numpy_python, plan
from gpusetup.selftest.proof import Proof

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gpusetup.selftest.catalogue import Check
    from gpusetup.selftest.lane import LaneWorker
    from gpusetup.selftest.model import Run, Verdict
    from gpusetup.selftest.plan import Selection

_LIMITS = Limits()
USUAL = ("pytorch", "tensorflow")  # a report without one of these says so


def prove(
    selection: Selection,
    checks: dict[str, Check],
    *,
    own_checks: Path | None = None,
    baseline: Proof | None = None,
    jobs: int = 2,
    limits: Limits = _LIMITS,
    watch: Callable[[Sequence[LaneWorker]], None] = lambda _: None,
) -> Proof:
    """Run what `selection` asks for and return the proof; `limits` hold for each run."""
    started = time.monotonic()
    identity = {name: f"version {checks[name].version}, {checks[name].digest}" for name in selection.checks}
    with tempfile.TemporaryDirectory(prefix="gpusetup-selftest-") as scratch:
        lanes = plan(selection, checks, Path(scratch))
        runs = execute(lanes, content_dirs("checks", own_checks), jobs, limits, watch)
        verdicts = _judge(runs, checks, numpy_python(selection))
    if baseline is not None:
        unchanged = {name for name, source in identity.items() if baseline.checks.get(name) == source}
        verdicts += baselines.judge(runs, unpack(baseline), unchanged, checks)
    packed = pack(runs)
    return Proof(
        gpusetup=__version__,
        made_at=datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds"),
        profile=selection.profile,
        seconds=round(time.monotonic() - started, 1),
        checks=identity,
        environments=packed.environments,
        layouts=packed.layouts,
        runs=packed.runs,
        verdicts=tuple(verdicts),
        unproven=tuple(_unproven(selection, checks)),
    )


def _judge(runs: Sequence[Run], checks: dict[str, Check], python: str) -> list[Verdict]:
    """Return the verdicts that need nothing but the runs; `python` reads the arrays they left."""
    with_truth, twice = parity.pairs(runs), determinism.pairs(runs)
    measured = measure([*with_truth, *twice], checks, python)
    return [
        *endings.judge(runs),
        *parity.judge(measured[: len(with_truth)], checks),
        *published.judge(runs, checks),
        *invariants.judge(runs),
        *determinism.judge(runs, measured[len(with_truth) :]),
    ]


def require_data(folder: Path, names: tuple[str, ...], checks: dict[str, Check]) -> None:
    """Raise `WrongInputError` unless a check takes data of the user's own and `folder` has some for each that does."""
    wanted = {name: checks[name].data for name in names if checks[name].data}
    if not wanted:
        raise WrongInputError(f"{', '.join(names)} takes no data of your own", "leave --data out")
    for name, pattern in wanted.items():
        if not any(folder.glob(pattern)):
            raise WrongInputError(
                f"{folder} has no {pattern} for the check {name}", f"see `selftest --check {name} --list`"
            )


def choose_checks(wanted: tuple[str, ...], checks: dict[str, Check]) -> tuple[str, ...]:
    """Return the checks to run, all of them when none is named; `WrongInputError` for a name there is not."""
    if unknown := sorted(set(wanted) - set(checks)):
        raise WrongInputError(f"unknown check {unknown[0]!r}", f"there are: {', '.join(checks)}")
    return tuple(name for name in checks if name in (wanted or checks))


def _unproven(selection: Selection, checks: dict[str, Check]) -> list[str]:
    """Say what nobody looked at, so that a green report is not taken for more than it is."""
    gaps = [f"{name}: it did not run, nothing is known of it" for name in USUAL if name not in selection.pythons]
    if all(device == "cpu" for device in selection.devices):
        gaps.append("GPU: no check ran on one")
    for name in selection.checks:
        left = [one for one in selection.pythons if one not in checks[name].frameworks]
        gaps += [f"{name}: not written for {', '.join(left)}"] if left else []
    if selection.repeat < 2:
        gaps.append("determinism: one round only, nothing to compare it with")
    return gaps
