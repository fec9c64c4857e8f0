"""The same work in fresh processes with changed environments: which results keep their bits."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import checks
from checks.common.host import instructions
from checks.determinism import kernels
from checks.determinism.bit_equality import OTHER, SAME, digest

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.determinism import Backend

_SCRIPT = Path(__file__).with_name("other_environment.py")
_VARIANTS = Path(__file__).with_name("variants.toml")
_NAMES = ("gru", "exact", "transformer", "sgd", "autodiff", "numerics")


_BUSY = ("CUDA-capable device(s) is/are busy or unavailable", "CUDA_ERROR_DEVICE_UNAVAILABLE")
"""cudaErrorDevicesUnavailable in the words of the runtime and the driver: another process has the card for itself."""


class DeviceBusy(RuntimeError):  # noqa: N818 - it is no error: the card may be held by one process
    """A fresh process cannot have the device, because this one holds it."""


class Variant(NamedTuple):
    """A change outside that may change bits; `lacking` says why it cannot be tried here, "" when it can."""

    name: str
    variables: dict[str, str]
    lacking: str


def variants(framework: str) -> Iterator[Variant]:
    """Yield everything outside that may change this framework's bits."""
    for row in tomllib.loads(_VARIANTS.read_text("utf-8"))["variant"]:
        if framework in row["frameworks"]:
            lacking = ", ".join(sorted(set(row.get("needs", ())) - instructions()))
            yield Variant(row["name"], row["variables"], lacking and f"not available: this processor has no {lacking}")


def observe_portability(backend: Backend, job: Job, record: Recorder) -> None:
    """List for each variant which bits it changes: of the training, the random functions, the kernels.

    The first fresh process has the same environment, and must agree with this one.
    """
    total = 1 + sum(not one.lacking for one in variants(job.framework))
    try:
        expected = run(job, {})
    except DeviceBusy as reason:
        record.observe("with another environment", "of all", f"not tried: {reason}")
        return
    own = digests(backend, job)
    record.invariant("same bits in a fresh process started by another", own == expected, f"{own['training']}")
    for done, (name, variables, lacking) in enumerate(variants(job.framework), 1):
        record.progress(min(done, total), total)  # each process imports its framework, which may take half a minute
        if lacking:
            record.observe(f"with {name}", "of all", lacking)
            continue
        found = run(job, variables)
        other = [row for row, bits in expected.items() if found[row] != bits]
        record.observe(f"with {name}", "training", OTHER if "training" in other else SAME)
        same = len(expected) - len(other)
        rest = f"; other bits: {', '.join(other)}" if other else ""
        record.observe(f"with {name}", "of all", f"{same} of {len(expected)} keep their bits{rest}")


def digests(backend: Backend, job: Job) -> dict[str, str]:
    """Return a digest of the training, of each random function and of each kernel, and the order of a set."""
    from checks.determinism import draw_data  # which imports this module

    training = backend.train(job, draw_data(job.seed), seed=job.seed)
    drawn = {name: digest({name: value}) for name, value in backend.draw(job, job.seed).items()}
    order = {"order of a set": " ".join(set(_NAMES))}
    return {"training": digest(training)} | drawn | kernels.digests(backend.kernels, job) | order


def _joined(variables: dict[str, str], name: str) -> dict[str, str]:
    """Return a variable that holds flags with those that are there already; of two alike the last counts."""
    return {name: f"{os.environ.get(name, '')} {variables[name]}".strip()} if name in variables else {}


def run(job: Job, variables: dict[str, str]) -> dict[str, str]:
    """Return the digests that a fresh process finds with these environment `variables`."""
    threads = int(variables.get("OMP_NUM_THREADS", job.threads))
    question = json.dumps(dataclasses.asdict(dataclasses.replace(job, threads=threads)))
    done = subprocess.run(
        [sys.executable, "-P", str(_SCRIPT), question, *checks.__path__],
        env=dict(os.environ) | variables | _joined(variables, "XLA_FLAGS"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        if any(sign in done.stderr for sign in _BUSY):
            raise DeviceBusy("the device is in exclusive-process mode, and this run holds it")
        said = done.stderr.strip()[-300:] or f"exit status {done.returncode}"
        raise RuntimeError(f"a fresh process with {variables} failed: {said}")
    answer: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return answer
