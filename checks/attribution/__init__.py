"""Integrated gradients: which pixels a trained classifier rests its answer on, and the axioms that the method obeys.

Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks" (2017). With the score F of a class, an input x
and a baseline b, the attribution of pixel i is (xᵢ - bᵢ) ∫₀¹ ∂F/∂xᵢ(b + t (x - b)) dt. The integral is taken by the
midpoint rule: its error falls with the square of the number of points, that of a sum from either end only with it.

The classifier is told which of 8 columns of an 8 × 8 picture is lit (`checks.training_recipe` draws them): pictures
(n, 64) → linear (32) → tanh → linear (8) → cross-entropy, mean over the batch; SGD with momentum. It has tanh because a
function with corners has no such rate of convergence. The baseline is the grey picture, all zeros.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks import training_recipe
from checks.attribution.axioms import check_axioms
from checks.common.costed import Costed, Trained
from checks.common.sway import record_weights, twins_of, unit
from checks.training_recipe import Batch, draw_batch

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

HIDDEN, ROWS, EXPLAINED = 32, 64, 16
LEARNING_RATE, MOMENTUM = 0.125, 0.875  # both exact in binary
STEPS = {"quick": 60, "full": 200}
PARITY_STEPS = 60
POINTS = 16

Array = NDArray[np.floating]
Weights = dict[str, NDArray[np.float64]]


class Question(NamedTuple):
    """What is to be explained: why the pictures (n, 64) score in these classes (n,) as they do, beside the baseline."""

    pictures: NDArray[np.float64]
    baseline: NDArray[np.float64]
    classes: NDArray[np.int64]


class Model(Protocol):
    """What a backend implements; weights have the outputs first."""

    def __init__(self, weights: Weights, job: Job) -> None: ...
    def scores(self, pictures: Array) -> Array:
        """Return the scores (n, 8)."""

    def step(self, batch: Batch) -> float:
        """Make one step of SGD with momentum; return the loss before it."""

    def attributions(self, question: Question, points: int) -> Array:
        """Return the attributions (n, 64) by so many midpoints."""

    def rewritten(self, question: Question, points: int) -> Array:
        """Return the same of the same function written otherwise: one product per class, tanh(x) = 2 σ(2x) - 1."""

    def weights(self) -> dict[str, Array]:
        """Return the weights as they are."""


class Backend(Protocol):
    """A backend's module."""

    Model: type[Model]


def costed(job: Job) -> Costed:
    """Return what `cost` trains."""
    batch = draw_batch(job.seed, "step 1", ROWS)

    def train(backend: Backend, weights: Weights) -> Trained:
        model = backend.Model(weights, job)
        return Trained(lambda _: model.step(batch), model.weights)

    return Costed(draw_weights(job.seed), train)


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Record attributions before, and losses and weights during the training, then look at the axioms."""
    weights, asked = draw_weights(job.seed), ask(job.seed)
    model = backend.Model(weights, job)
    record.tensor("exact", "pictures", asked.pictures)
    twins, scores = twins_of(model), model.scores(asked.pictures)
    record.tensor("forward", "scores", scores, unit=unit(scores, [twin.scores(asked.pictures) for twin in twins]))
    record.tensor("attribution", "attributions", model.attributions(asked, POINTS))
    record.tensor("attribution", "attributions of the same function written otherwise", model.rewritten(asked, POINTS))
    for step in range(1, STEPS[job.profile] + 1):
        kind, twins = ("loss", twins) if step <= PARITY_STEPS else ("later", ())
        batch = draw_batch(job.seed, f"step {step}", ROWS)
        loss = model.step(batch)
        record.tensor(kind, "loss", loss, step, unit(loss, [twin.step(batch) for twin in twins]))
        record.progress(step, STEPS[job.profile])
        if step == PARITY_STEPS:
            record_weights(model, twins, record, step)
            attributed = model.attributions(asked, POINTS)
            known_by = unit(attributed, [twin.attributions(asked, POINTS) for twin in twins])
            record.tensor("trained", "attributions", attributed, step, known_by)
    check_axioms(model, backend, asked, job, record)
    started = time.perf_counter()
    model.attributions(asked, 4 * POINTS)
    record.measure("gradients per second", 4 * POINTS * EXPLAINED / (time.perf_counter() - started))


def draw_weights(seed: int) -> Weights:
    """Draw the start in the layout all models use: outputs first."""
    return training_recipe.draw_weights(seed, HIDDEN, "attribution ")


def ask(seed: int) -> Question:
    """Draw the pictures to explain, each in the class of its lit column."""
    pictures, lit = draw_batch(seed, "explained", EXPLAINED)
    return Question(pictures, np.zeros_like(pictures), lit)


def midpoints(points: int) -> NDArray[np.float64]:
    """Return the places in (0, 1) at which gradients are taken; exact in binary for a power of two."""
    return (np.arange(points) + 0.5) / points
