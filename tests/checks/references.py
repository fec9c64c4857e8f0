"""Float64 references that planted faults share: a fault in a framework's file leaves them as they are."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gpusetup.content_dirs import content_dirs
from gpusetup.selftest.model import REFERENCE, Run
from gpusetup.selftest.registry import checks
from gpusetup.selftest.schedule import Lane, RunLimits, Selection, plan
from gpusetup.selftest.workers.execute import execute

FRAMEWORKS = ("pytorch", "tensorflow", "jax")


def reference(check: str, folder: Path) -> Run:
    """Return the quick reference of the repository's own check, run unless `folder` has it already."""
    file = folder / f"{check}.json"
    if file.exists():
        return msgspec.json.decode(file.read_bytes(), type=Run)
    folder.mkdir(parents=True, exist_ok=True)
    chosen = Selection(checks=(check,), pythons=dict.fromkeys(FRAMEWORKS, sys.executable))
    lanes = [lane for lane in plan(chosen, checks(), folder) if lane.framework == REFERENCE]
    (run,) = execute(lanes, content_dirs("checks", None), 1, RunLimits(seconds=3600), lambda _: None)
    if run.result is not None:
        file.write_bytes(msgspec.json.encode(run))
    return run


def without(lanes: Sequence[Lane], copies: Sequence[str]) -> list[Lane]:
    """Return the lanes without the references of these copies."""
    left = [
        msgspec.structs.replace(lane, jobs=tuple(job for job in lane.jobs if job.check not in copies))
        if lane.framework == REFERENCE
        else lane
        for lane in lanes
    ]
    return [lane for lane in left if lane.jobs]


def lent(run: Run, copy: str) -> Run:
    """Return the run of a reference as that of a copy."""
    return msgspec.structs.replace(run, job=msgspec.structs.replace(run.job, check=copy))
