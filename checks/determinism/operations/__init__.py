"""Operations that are known to be nondeterministic somewhere: each run several times, with the switch off and on.

The tables are from the frameworks' own documents: `torch.use_deterministic_algorithms`, the notes of
`tf.config.experimental.enable_op_determinism`, XLA's flag `xla_gpu_exclude_nondeterministic_ops`, and NVIDIA's
framework-reproducibility. On a CPU with one thread nearly
all of them have one order of summation; on a GPU the atomics show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.determinism import Backend

Operations = dict[str, Callable[["Job"], Sequence[NDArray[np.generic]]]]
"""Name → a function that returns what the operation gives, and its slopes where they are what is in question."""

_RUNS = {"quick": 3, "full": 20}


class Refused(Exception):  # noqa: N818 - the framework keeps its promise this way
    """The framework says that it has no deterministic form of the operation; the text is its own."""


class OperationResult(NamedTuple):
    """What several runs of an operation gave: how many different results, or the framework's refusal."""

    results: int
    refusal: str = ""

    def __str__(self) -> str:
        if self.refusal:
            return "refused"
        return "same bits" if self.results == 1 else f"{self.results} different results"


def probe(backend: Backend, job: Job, record: Recorder) -> None:
    """Run every operation with the switch off and on, list what came of it, and judge what the switch promises.

    A framework without a switch promises the same bits as it is.
    """
    runs, broken = _RUNS[job.profile], []
    for name, operation in backend.operations.items():
        if backend.switch is None:
            off = on = repeat(operation, job, runs)
        else:
            backend.switch(job, False)
            off = repeat(operation, job, runs)
            backend.switch(job, True)
            on = repeat(operation, job, runs)
        record.observe("operations", name, f"{classify(off, on)} ({runs} runs)")
        if on.results > 1:
            broken.append(name)
    record.invariant(
        "with the switch on an operation is deterministic or refused",
        not broken,
        f"violated by: {', '.join(broken)}" if broken else f"{len(backend.operations)} operations",
    )


def repeat(operation: Callable[[Job], Sequence[NDArray[np.generic]]], job: Job, runs: int) -> OperationResult:
    """Run the operation on the same inputs, and count the different results."""
    found = set()
    for _ in range(runs):
        try:
            arrays = operation(job)
        except Refused as refusal:
            return OperationResult(0, str(refusal))
        found.add(hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).digest())
    return OperationResult(len(found))


def classify(off: OperationResult, on: OperationResult) -> str:
    """Say it in words: deterministic, made so by the switch, refused, or still not."""
    if on.refusal:
        return f"refused by the switch; without it {off}"
    if on.results > 1:
        return f"still not deterministic: {on}"
    return "deterministic" if off.results == 1 else f"made deterministic by the switch; without it {off}"
