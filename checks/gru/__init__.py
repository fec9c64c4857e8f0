"""Names by language: a character GRU trained by SGD with momentum, the same way in every framework.

Letters (n, t) → embedding (n, t, 16) → GRU, last valid state (n, 64) → linear (n, languages) → cross-entropy, mean
over the batch. A backend brings this as a class `Model`; everything that is done with it stands here, once.

What frameworks write differently is settled so: gates are reset, update, candidate; the candidate's recurrent bias
stands inside the reset (``reset_after``: h~ = tanh(Wx + b + r * (Uh + c))), which is the one form cuDNN computes;
h' = (1 - z) * h~ + z * h; the loss is taken from logits; letter 0 is padding and never moves.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.costed import Costed, Trained
from checks.common.draw import permutation, uniform
from checks.common.job import FAINT
from checks.gru.invariants import check_invariants
from checks.gru.names import LETTERS, Batch, Corpus, read_names

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

EMBEDDING, HIDDEN, BATCH = 16, 64, 64
LEARNING_RATE, MOMENTUM = 0.25, 0.875  # both exact in binary, so that every framework holds the same number
STEPS = {"quick": 120, "full": 600}
PARITY_STEPS = 120  # later on training amplifies a rounding like any chaotic system: recorded, judged by accuracy

Weights = dict[str, NDArray[np.float64]]


class Model(Protocol):
    """What a backend implements; arrays go in and come out in the layout that `draw_weights` states."""

    def __init__(self, weights: Weights, job: Job) -> None: ...
    def load(self, weights: Weights) -> None:
        """Start again from `weights`, with nothing left in the optimiser."""

    def state(self, batch: Batch) -> NDArray[np.floating]:
        """Return the last valid hidden state (n, 64)."""

    def looped(self, batch: Batch) -> NDArray[np.floating]:
        """Return the same from the framework's GRU cell, called letter by letter."""

    def logits(self, batch: Batch) -> NDArray[np.floating]:
        """Return the unnormalised scores (n, languages)."""

    def gradients(self, batch: Batch, part: float = 1.0) -> tuple[float, dict[str, NDArray[np.floating]]]:
        """Return loss and the gradients of this `part` of it; nothing moves."""

    def step(self, batch: Batch) -> float:
        """Make one step of SGD with momentum; return the loss before it."""

    def weights(self) -> dict[str, NDArray[np.floating]]:
        """Return the weights as they are."""


class Backend(Protocol):
    """A backend's module."""

    Model: type[Model]


class Plan(NamedTuple):
    """The drawn start: weights, and which names are learned and which are kept for the test."""

    weights: Weights
    corpus: Corpus
    learned: NDArray[np.int64]
    kept: NDArray[np.int64]


def costed(job: Job) -> Costed:
    """Return what `cost` trains."""
    plan = draw_plan(job)
    batch = batches(plan, job.seed, 1)[0]

    def train(backend: Backend, weights: Weights) -> Trained:
        model = backend.Model(weights, job)
        return Trained(lambda _: model.step(batch), model.weights)

    return Costed(plan.weights, train)


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Record the first step in full, the training loss by loss, the final weights, and the invariants."""
    plan = draw_plan(job)
    model = backend.Model(plan.weights, job)
    record_first_step(model, plan.corpus.batch(plan.learned[:BATCH]), record)
    steps = STEPS[job.profile]
    for step, batch in enumerate(batches(plan, job.seed, steps), start=1):
        loss = model.step(batch)
        record.tensor("loss" if step <= PARITY_STEPS else "later", "loss", loss, step)
        if step in {PARITY_STEPS, steps}:
            record.tensors("weight" if step == PARITY_STEPS else "later", model.weights(), step)
        if step == steps // 2:
            halfway, learned = time.perf_counter(), step
        record.progress(step, steps)
    record.measure("names per second", (steps - learned) * BATCH / (time.perf_counter() - halfway))
    check_invariants(model, plan, job, record)


def draw_plan(job: Job) -> Plan:
    """Draw the weights and split the names four to one."""
    corpus = read_names(job.data)
    order = permutation(job.seed, "split", len(corpus.names))
    cut = len(order) // 5
    return Plan(draw_weights(job.seed, len(corpus.languages)), corpus, order[cut:], order[:cut])


def draw_weights(seed: int, languages: int) -> Weights:
    """Draw the start in the layout all models use: gates first in ``gru.*``, languages first in ``output.weight``."""
    shapes = {
        "embedding": (LETTERS, EMBEDDING),
        "gru.input": (3, HIDDEN, EMBEDDING),
        "gru.recurrent": (3, HIDDEN, HIDDEN),
        "gru.input_bias": (3, HIDDEN),
        "gru.recurrent_bias": (3, HIDDEN),
        "output.weight": (languages, HIDDEN),
        "output.bias": (languages,),
    }
    weights = {name: uniform(seed, name, shape, 0.125) for name, shape in shapes.items()}
    weights["embedding"] = 8 * weights["embedding"]
    weights["embedding"][0] = 0  # padding
    return weights


def batches(plan: Plan, seed: int, steps: int) -> list[Batch]:
    """Return `steps` batches, epoch after epoch in a newly drawn order."""
    per_epoch = len(plan.learned) // BATCH
    drawn: list[Batch] = []
    for epoch in range(-(-steps // per_epoch)):
        order = plan.learned[permutation(seed, f"epoch {epoch}", len(plan.learned))]
        drawn += [plan.corpus.batch(order[first * BATCH : (first + 1) * BATCH]) for first in range(per_epoch)]
    return drawn[:steps]


def record_first_step(model: Model, batch: Batch, record: Recorder) -> None:
    """Record what the first batch gives, front to back, before anything is learned."""
    record.tensor("exact", "input letters", batch.letters)
    record.tensor("forward", "hidden state", model.state(batch))
    record.tensor("forward", "hidden state cell by cell", model.looped(batch))
    record.tensor("forward", "logits", model.logits(batch))
    loss, gradients = model.gradients(batch)
    record.tensor("loss", "loss", loss)
    for name, gradient in sorted(gradients.items(), reverse=True):  # output layer first: the order of backpropagation
        record.tensor("gradient", f"gradient of {name}", gradient)
    _, faint = model.gradients(batch, FAINT)
    record.tensor("gradient", "faint gradient of embedding", faint["embedding"])
