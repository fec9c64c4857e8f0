"""Same seed, same bits: which operations are deterministic, which only with the switch, and what changes the bits.

A small network with dropout is trained with the framework's own initialisers, shuffling loader, dropout and SGD with
momentum; only the data are drawn by this check. The digest of all losses and final weights must be the same again in
the same process, in a fresh one (the engine runs every check twice), after resuming from a checkpoint with model,
optimiser, random states and the loader's position, and for any number of loader workers (level L1).

Thread counts, instruction sets, library switches, compilers, the other rows of a batch and the determinism switch
itself may change the bits: that is reported with the remaining level of reproducibility, L1 (with any) or L2 (only with
the same), and is never a failure. The first round alone looks at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers, uniform
from checks.determinism.bit_equality import Trail, check_sameness
from checks.determinism.kernels import Kernels, observe_company
from checks.determinism.operations import Operations, probe
from checks.determinism.portability import observe_portability
from checks.determinism.sources import check_sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.common.job import Job
    from checks.common.record import Recorder

FEATURES, HIDDEN, CLASSES, EXAMPLES, BATCH, EPOCHS = 16, 64, 4, 128, 32, 2
LEARNING_RATE, MOMENTUM, DROPOUT = 0.125, 0.875, 0.25

Array = NDArray[np.floating]


class Data(NamedTuple):
    """Drawn features (128, 16), exact in float32, and classes (128,)."""

    features: NDArray[np.float32]
    classes: NDArray[np.int64]


class Backend(Protocol):
    """A backend's module."""

    operations: Operations
    """Operations that are, or were, known to be nondeterministic, by name."""
    kernels: Kernels
    """Functions of rows whose bits are known to follow the instruction set, the threads, or the batch."""

    def train(self, job: Job, data: Data, *, seed: int, workers: int = 0, resume: bool = False) -> Trail:
        """Train two epochs; `resume` stops after the first and goes on in new objects from what was saved alone."""

    def draw(self, job: Job, seed: int) -> dict[str, Array]:
        """Return what each of the framework's random functions draws at `seed`."""

    def observe_own(self, job: Job, data: Data, record: Recorder) -> None:
        """Observe features specific to this framework: compilers, loaders, uninitialised memory."""

    switch: Callable[[Job, bool], None] | None
    """Turn the framework's determinism switch on or off; None where it is settled before the start."""
    threads: Callable[[int], None] | None
    """Set the number of threads of this process; None where that is settled before the start."""


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Record the training and the random numbers, hold repetitions against them, and probe the operations."""
    data = draw_data(job.seed)
    record.tensor("exact", "features", data.features)
    record.tensor("exact", "classes", data.classes)
    check_sources(job, record)
    if job.framework == "reference":
        return
    trail = backend.train(job, data, seed=job.seed)
    for name, value in trail.items():
        record.tensor("own", f"training: {name}", value)
    for name, value in backend.draw(job, job.seed).items():
        record.tensor("own", f"random numbers: {name}", value)
    check_sameness(backend, job, data, trail, record)
    probe(backend, job, record)
    # what is only listed is the same in every round, and each other environment is a process that imports the framework
    if job.profile == "full" and job.round == 1:
        observe_company(backend.kernels, job, record)
        backend.observe_own(job, data, record)
        observe_portability(backend, job, record)


def draw_data(seed: int) -> Data:
    """Draw the examples."""
    features = uniform(seed, "features", (EXAMPLES, FEATURES)).astype(np.float32)
    return Data(features, integers(seed, "classes", (EXAMPLES,), bits=2))
