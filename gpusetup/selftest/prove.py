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
from gpusetup.selftest.model import Proof
from gpusetup.selftest.plan import Limits, numpy_python, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gpusetup.selftest.catalogue import Check
    from gpusetup.selftest.lane import LaneWorker
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
        verdicts = [
            *endings.judge(runs),
            *parity.judge(measure(parity.pairs(runs), checks, numpy_python(selection)), checks),
            *published.judge(runs, checks),
            *invariants.judge(runs),
            *determinism.judge(runs, checks),
            *(baselines.judge(runs, baseline, checks, identity) if baseline is not None else ()),
        ]
    return Proof(
        gpusetup=__version__,
        made_at=datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds"),
        profile=selection.profile,
        seconds=round(time.monotonic() - started, 1),
        checks=identity,
        runs=tuple(runs),
        verdicts=tuple(verdicts),
        unproven=tuple(_unproven(selection, checks)),
    )


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
