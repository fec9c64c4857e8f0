"""Repetitions of the same training: those that must give the same bits, and those that may not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.determinism import Backend, Data

Trail = dict[str, NDArray[np.floating]]
"""``start`` (the first layer's drawn weights), ``losses`` and every final weight, by name."""

SAME, OTHER = "same bits, as L1 promises", "other bits: L2 at best, a baseline must name it"
_WORKERS = (1, 4)
_THREADS = (1, 2, 4)


def digest(trail: Trail) -> str:
    """Return a SHA-256 over all arrays."""
    whole = hashlib.sha256()
    for name, value in trail.items():
        whole.update(f"{name} {value.shape} {value.dtype}\n".encode() + np.ascontiguousarray(value).tobytes())
    return whole.hexdigest()[:12]


def check_sameness(backend: Backend, job: Job, data: Data, trail: Trail, record: Recorder) -> None:
    """Hold repetitions of the training `trail` against it."""
    expected = digest(trail)

    def must(name: str, other: Trail) -> None:
        record.invariant(f"same bits {name}", digest(other) == expected, _difference(trail, other))

    must("again in the same process", backend.train(job, data, seed=job.seed))
    must("after going on from a checkpoint", backend.train(job, data, seed=job.seed, resume=True))
    for workers in _WORKERS:
        must(f"with {workers} loader workers", backend.train(job, data, seed=job.seed, workers=workers))
    other = backend.train(job, data, seed=job.seed + 1)
    record.invariant("other bits with another seed", digest(other) != expected, f"{digest(other)} and {expected}")
    begun = not np.array_equal(other["start"], trail["start"])
    record.invariant("other initial weights with another seed", begun, "other ones" if begun else "the same ones")
    if backend.switch is not None:
        backend.switch(job, False)
        _observe("determinism switch off", backend.train(job, data, seed=job.seed), expected, record)
        backend.switch(job, True)
    if backend.threads is not None:
        for count in _THREADS:
            backend.threads(count)
            _observe(f"{count} threads", backend.train(job, data, seed=job.seed), expected, record)
        backend.threads(job.threads)


def _observe(row: str, other: Trail, expected: str, record: Recorder) -> None:
    same = digest(other) == expected
    record.observe("training", row, SAME if same else OTHER)


def _difference(trail: Trail, other: Trail) -> str:
    """Say where two trainings part: at which step, or in which weight."""
    ours, theirs = trail["losses"], other["losses"]
    if ours.shape != theirs.shape:
        return f"{len(theirs)} steps instead of {len(ours)}"
    first = np.flatnonzero(ours != theirs)
    if first.size:
        return f"the losses differ from step {first[0] + 1} on: {theirs[first[0]]:.9g} instead of {ours[first[0]]:.9g}"
    names = [name for name, value in trail.items() if not np.array_equal(value, other[name])]
    return f"{names[0]} differs" if names else digest(trail)
