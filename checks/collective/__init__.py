"""Collectives between processes: right, the same twice, and with the rank named that made a result wrong.

Each rank is a process of its own (`rank.py`), as under torchrun. On the CPU four of them meet on this host: PyTorch's
by gloo, JAX's by its distributed service (gloo inside), TensorFlow's by MultiWorkerMirroredStrategy. On ``cuda:0``
there is one rank per card that the user shows, by NCCL; on ``cuda:N`` this card and the next.

What each collective gives is settled so: all-reduce sums; reduce-scatter leaves the r-th part of the sums with rank r;
all-gather joins the ranks' numbers in order; broadcast takes those of rank 0. Every rank speaks in digits of its own
(`digits.py`), so that a wrong sum names the rank that made it. A data-parallel training over all ranks is the training
on the whole batch. TensorFlow has no public reduce-scatter, and broadcasts where a variable is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.collective import digits, training
from checks.collective.answers import Answers, late
from checks.collective.ranks import run_ranks

if TYPE_CHECKING:
    from checks.collective.training import Task
    from checks.common.job import Job
    from checks.common.record import Recorder

Array = NDArray[Any]

SIZES = {"quick": (1, 7, 1000, 65539), "full": (1, 7, 1000, 65539, 1 << 20)}
"""Numbers per rank: fewer than ranks, odd, and more than one buffer (256 KiB, 4 MiB)."""
KINDS = ("all-reduce", "reduce-scatter", "all-gather", "broadcast")
TWICE = (1, 2)


class Group(Protocol):
    """A process's place among the ranks; numbers are float32 and flat."""

    lacks: dict[str, str]
    """Collective → why there is none here."""

    def __init__(self, rank: int, world: int, meeting: str, job: Job) -> None:
        """Meet the others at `meeting`: a folder for files, and ports in it."""

    def exchange(self, kind: str, numbers: Array) -> Array:
        """Take part in a collective and return what this rank gets."""

    def train(self, task: Task) -> list[Array]:
        """Train with the others on this rank's part of each batch; return the losses and the weights at the end."""

    def leave(self) -> None:
        """Part from the others."""


def prove(backend: Any, job: Job, record: Recorder) -> None:
    """Have all ranks go through every collective, and judge what each of them has got."""
    answers = run_ranks(backend, job, record)
    for kind in KINDS:
        for size in SIZES[job.profile]:
            _record(kind, size, answers, record)
        _judge(kind, answers, job, record)
    training.record_training(answers, record)
    if job.framework != "reference":
        late(answers, record)


def _record(kind: str, size: int, answers: Answers, record: Recorder) -> None:
    spoken = [(one[0], "exact", f"from ranks {one[0]} to {one[-1]}") for one in digits.turns(answers.world)]
    for first, tolerance, what in (*spoken, (digits.FRACTIONS, "sum", "fractions")):
        for rank in range(answers.world):
            name = f"{kind} of {size} {what}, at rank {rank}"
            if why := answers.lacks.get(kind):
                record.absent(name, why, 1)
            else:
                record.tensor(tolerance, name, answers.of(digits.name(kind, size, first, 1), rank), 1)


def _judge(kind: str, answers: Answers, job: Job, record: Recorder) -> None:
    """Name the ranks whose numbers did not arrive, those that got others, and those that got others a second time."""
    if kind in answers.lacks:
        return
    wrong, other = [], []
    for size in SIZES[job.profile]:
        for speakers in digits.turns(answers.world):
            for turn in TWICE:
                wrong += answers.blame(kind, size, speakers, turn, job.seed)
        for rank in range(answers.world):
            first, second = (answers.of(digits.name(kind, size, digits.FRACTIONS, turn), rank) for turn in TWICE)
            if not np.array_equal(first, second):
                other.append(f"rank {rank}, {size} numbers")
    detail = "; ".join(wrong[:3]) or f"{answers.world} ranks"
    record.invariant(f"{kind} brings every rank's numbers to every rank", not wrong, detail)
    record.invariant(f"{kind} gives the same bits twice", not other, "; ".join(other[:3]) or "both turns alike")
