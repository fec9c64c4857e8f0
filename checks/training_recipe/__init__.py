"""The list of sanity checks before a long training, on a model of ours in every framework, or on the user's own.

The list is that of Karpathy, "A Recipe for Training Neural Networks" (2019): `sanity.py` holds it, once, against a
`Subject`. Ours is a small classifier: which of 8 columns of an 8 × 8 picture is lit? Pixels are uniform in [-1, 1), and
1 is added in the lit column. Pictures (n, 64) → linear (64) → ReLU → dropout → linear (8) → cross-entropy, mean over
the batch; SGD with momentum. Masks of dropout differ between frameworks, so the training that is compared goes without,
as the recipe recommends for a start, and the list is gone through with it.

A user's model comes as ``FILE:FUNCTION`` (``gpusetup selftest --model``); `contract.py` says what the function returns.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.costed import Costed, Trained
from checks.common.draw import integers, uniform
from checks.common.sway import record_weights, twins_of, unit
from checks.training_recipe.contract import load_build
from checks.training_recipe.sanity import check_sanity
from checks.training_recipe.wide import Seen, check_wide
from checks.training_recipe.workloads import check_workloads

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

SIDE, HIDDEN, ROWS = 8, 64, 32
DROPOUT = 0.25
LEARNING_RATE, MOMENTUM = 0.125, 0.875  # both exact in binary
STEPS = {"quick": 60, "full": 200}
_PARITY_STEPS = 20  # with every step a rounding is likelier to have crossed a corner of ReLU
_PICTURES, _LEAST_ACCURACY = 512, 0.9

NAMES = ("hidden.weight", "hidden.bias", "output.weight", "output.bias")
"""In the order of the forward pass."""

Array = NDArray[np.floating]
Rows = NDArray[np.int64]
Weights = dict[str, NDArray[np.float64]]


class Batch(NamedTuple):
    """Pictures (n, 64) and which column is lit (n,)."""

    inputs: NDArray[np.float64]
    targets: NDArray[np.int64]


class Subject(Protocol):
    """A model with its loss, optimiser and one batch; arrays come out with the rows of the batch first."""

    @property
    def inputs(self) -> NDArray[Any]:
        """Return the first input exactly as the model gets it."""

    @property
    def targets(self) -> NDArray[Any]:
        """Return the targets."""

    @property
    def independent(self) -> bool:
        """Return False where rows may depend on each other, such as the nodes of a graph."""

    def outputs(self, rows: Rows | None = None, *, training: bool = False) -> Array:
        """Return the outputs of these rows of the batch, of all by default."""

    def loss(self, rows: Rows | None = None, *, blank: bool = False) -> float:
        """Return the loss in evaluation mode; `blank` replaces the first input by zeros."""

    def gradients(self, rows: Rows | None = None) -> dict[str, Array | None]:
        """Return the gradients of the loss in evaluation mode; None for a weight that no gradient reaches."""

    def reach(self, row: int) -> Array | None:
        """Return, per row, the largest |∂ Σ w·output[row] / ∂ input|; None where inputs are integers.

        The weights w (`ramp`) differ: the plain sum of what softmax or a normalisation gives is the same for any input.
        """

    def exchanged(self, row: int, by: int) -> Array:
        """Return all outputs where the first input's `row` is a copy of row `by`."""

    def step(self, *, blank: bool = False) -> float:
        """Make one step of the optimiser on the batch in training mode; return the loss before it."""

    def weights(self) -> dict[str, Array]:
        """Return the trainable weights as they are."""

    def reset(self) -> None:
        """Start again from the weights the model was built with."""


class OwnSubject(Subject, Protocol):
    """One that can be built again."""

    def in_float64(self, build: Callable[[], object], job: Job) -> Seen:
        """Return what the model gives when it is built, and computes, in float64, with this one's weights."""


class Backend(Protocol):
    """A backend's module."""

    Subject: Callable[[Callable[[], object], Job], OwnSubject]

    def build(self, weights: Weights, batch: Batch, dropout: float, job: Job) -> object:
        """Return our own model as a user would return theirs."""


def costed(job: Job) -> Costed:
    """Return what `cost` trains: the classifier, with dropout."""
    batch = draw_batch(job.seed, "batch", ROWS)

    def train(backend: Backend, weights: Weights) -> Trained:
        subject = backend.Subject(lambda: backend.build(weights, batch, DROPOUT, job), job)
        return Trained(lambda _: subject.step(), subject.weights)

    return Costed(draw_weights(job.seed), train)


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Go through the list with the user's model, or with ours, whose training is recorded for parity first."""
    if job.model:
        build = load_build(job.model)
        subject = backend.Subject(build, job)
        check_sanity(subject, backend.Subject(build, job), job, record)
        check_wide(subject, build, job, record)
        return
    ours = _Ours(backend, job)
    batch = draw_batch(job.seed, "batch", ROWS)
    record_training(ours.subject(batch, 0.0), job, record)
    check_accuracy(ours, job, record)
    check_sanity(ours.subject(batch, DROPOUT), ours.subject(batch, DROPOUT), job, record)
    if job.profile == "full":
        check_workloads(job, record)


class _Ours(NamedTuple):
    """Makes our own model, which is handed over as a user hands over theirs."""

    backend: Backend
    job: Job

    def subject(self, batch: Batch, dropout: float, weights: Weights | None = None) -> Subject:
        """Return the model with these weights, by default the drawn ones."""
        start = draw_weights(self.job.seed) if weights is None else weights
        return self.backend.Subject(lambda: self.backend.build(start, batch, dropout, self.job), self.job)


def ramp(count: int) -> Array:
    """Return the weights of `Subject.reach` for so many outputs."""
    return 1.0 + np.arange(count) % 5


def draw_weights(seed: int, hidden: int = HIDDEN, stream: str = "") -> Weights:
    """Draw the start of so many hidden units in the layout all models use: outputs first."""
    shapes: tuple[tuple[int, ...], ...] = (hidden, SIDE * SIDE), (hidden,), (SIDE, hidden), (SIDE,)
    return {name: uniform(seed, f"{stream}{name}", shape, 0.125) for name, shape in zip(NAMES, shapes, strict=True)}


def draw_batch(seed: int, stream: str, rows: int) -> Batch:
    """Draw pictures and light one column of each."""
    lit = integers(seed, f"{stream} columns", (rows,), bits=3)
    pictures = uniform(seed, f"{stream} pixels", (rows, SIDE, SIDE))
    pictures[np.arange(rows), :, lit] += 1
    return Batch(pictures.reshape(rows, -1), lit)


def record_training(subject: Subject, job: Job, record: Recorder) -> None:
    """Record the first step in full, then every loss, and the weights where parity ends."""
    record.tensor("exact", "pictures", subject.inputs)
    twins, scores = twins_of(subject), subject.outputs()
    record.tensor("forward", "scores", scores, unit=unit(scores, [twin.outputs() for twin in twins]))
    record.tensor("loss", "loss", 1 + subject.loss())  # a loss near 0 counts in spacings of 1, as its logarithms do
    swayed = [twin.gradients() for twin in twins]
    for name, gradient in reversed(subject.gradients().items()):
        known_by = unit(gradient, [theirs[name] for theirs in swayed])
        record.tensor("gradient", f"gradient of {name}", gradient if gradient is not None else [], unit=known_by)
    steps = STEPS[job.profile]
    for step in range(1, steps + 1):
        if step == steps // 2 + 1:
            halfway = time.perf_counter()
        kind, twins = ("loss", twins) if step <= _PARITY_STEPS else ("later", ())
        loss = subject.step()
        record.tensor(kind, "loss", 1 + loss, step, unit(loss, [twin.step() for twin in twins]))
        record.progress(step, 2 * steps)
        if step == _PARITY_STEPS:
            record_weights(subject, twins, record, step)
    record.measure("pictures per second", (steps - steps // 2) * ROWS / (time.perf_counter() - halfway))


def check_accuracy(ours: _Ours, job: Job, record: Recorder) -> None:
    """Train on 512 pictures with dropout and look at 512 others.

    The best rule there is sums the columns: the lit one is 1 brighter on average, and a difference of two means of 8
    pixels has a deviation of √(2 / 8 / 3) = 0.29, so it is right in more than 99 of 100. A guess is right in 12.5.
    """
    seen, unseen = (draw_batch(job.seed, name, _PICTURES) for name in ("seen", "unseen"))
    learned = ours.subject(seen, DROPOUT)
    for _ in range(STEPS[job.profile]):
        learned.step()
    weights = {name: weight.astype(np.float64) for name, weight in learned.weights().items()}
    found = ours.subject(unseen, DROPOUT, weights).outputs().argmax(axis=1)
    accuracy = float(np.mean(found == unseen.targets))
    record.measure("accuracy", accuracy)
    record.invariant(
        "the lit column is found in new pictures",
        accuracy >= _LEAST_ACCURACY,
        f"{accuracy:.1%}, at least {_LEAST_ACCURACY:.0%} expected; a guess finds 12.5%",
    )
