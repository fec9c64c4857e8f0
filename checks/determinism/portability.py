"""The same training in fresh processes with another environment: which bits survive which change."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import checks
from checks.determinism.sameness import OTHER, SAME, digest

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.determinism import Backend

_SCRIPT = Path(__file__).with_name("elsewhere.py")


def observe_portability(backend: Backend, job: Job, record: Recorder) -> None:
    """List for each variant of the environment whether training and random numbers keep their bits.

    The first fresh process has the same environment, and must agree with this one.
    """
    expected = run(job, {})
    own = digests(backend, job)
    record.invariant("same bits in a fresh process started by another", own == expected, f"{own['training']}")
    for name, variables in backend.variants.items():
        found = run(job, variables)
        for row, bits in expected.items():
            text = SAME if found[row] == bits else OTHER
            record.observe(f"with {name}", row, text)


def digests(backend: Backend, job: Job) -> dict[str, str]:
    """Return a digest of the training and of each of the framework's random functions."""
    from checks.determinism import draw_data  # noqa: PLC0415 - which imports this module

    training = backend.train(job, draw_data(job.seed), seed=job.seed)
    return {"training": digest(training)} | {
        name: digest({name: value}) for name, value in backend.draw(job, job.seed).items()
    }


def run(job: Job, variables: dict[str, str]) -> dict[str, str]:
    """Return the digests that a fresh process finds with these environment `variables`."""
    threads = int(variables.get("OMP_NUM_THREADS", job.threads))
    question = json.dumps(dataclasses.asdict(dataclasses.replace(job, threads=threads)))
    done = subprocess.run(
        [sys.executable, "-P", str(_SCRIPT), question, *checks.__path__],
        env=dict(os.environ) | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"a fresh process with {variables} failed: {done.stderr.strip()[-300:]}")
    answer: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return answer
