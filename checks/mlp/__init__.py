"""Two models, two losses and three optimisers in the frame of `descent`, exchanged one by one, and a disc to learn.

Points (n, 2) of the square [-1, 1)², the truth 1 within a disc and 0 around it. The models: a line x W + b, and a
network tanh(x W + b) V + c with 16 hidden units. The losses, both of one score per point: the binary cross-entropy and
the mean of squared errors. The optimisers: gradient descent, momentum, Adam. Each part is one name in the table of a
backend's file; the frame and the other two parts do not change with it.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.costed import Costed, Trained
from checks.common.draw import uniform
from checks.descent.recorded import record_first_step, record_steps, record_training

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.descent import Training, Weights

MODELS, LOSSES = ("line", "network"), ("cross-entropy", "squared error")
OPTIMISERS = {"gradient descent": 0.25, "momentum": 2.0**-4, "adam": 2.0**-5}
HIDDEN, POINTS, STEPS = 16, 256, 8
LEARNING_STEPS = {"quick": 300, "full": 1200}
EDGE, MARGIN = 0.5, 0.03125
"""The square of the disc's radius, and how far from it a point's must be."""
LEARNED, LINEAR = 0.95, 0.75
"""What the network must have right of new points, and what a line cannot: beside any line the disc's complement lies
on both sides, so that the best is to answer with the complement everywhere, which is 61 % of the square."""


class Backend(Protocol):
    """A backend's module."""

    def training(self, model: str, loss: str, optimiser: str, weights: Weights, job: Job) -> Training:
        """Return the frame with the three parts of these names."""


class Points(NamedTuple):
    """Points (n, 2) and whether each is in the disc (n, 1), which float32 holds."""

    x: NDArray[np.float32]
    inside: NDArray[np.float32]


def costed(job: Job) -> Costed:
    """Return what `cost` trains."""
    points = draw_points(job.seed, "learned")

    def train(backend: Backend, weights: Weights) -> Trained:
        model = backend.training("network", "cross-entropy", "adam", weights, job)
        return Trained(lambda _: model.step((points.x,), points.inside), model.weights)

    return Costed(draw_weights(job.seed, "network"), train)


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Exchange every part, then learn the disc."""
    points = draw_points(job.seed, "learned")
    exchange(backend, points, job, record)
    learn(backend, points, job, record)


def draw_points(seed: int, stream: str) -> Points:
    """Draw points that are not too close to the disc's edge."""
    x = uniform(seed, stream, (2 * POINTS, 2))
    square = (x**2).sum(axis=1)
    x = x[np.abs(square - EDGE) > MARGIN][:POINTS]
    return Points(x.astype(np.float32), ((x**2).sum(axis=1) < EDGE)[:, None].astype(np.float32))


def draw_weights(seed: int, model: str) -> Weights:
    """Draw the start of a model."""
    hidden = {"hidden.kernel": (2, HIDDEN), "hidden.bias": (HIDDEN,)} if model == "network" else {}
    output = {"output.kernel": (HIDDEN if hidden else 2, 1), "output.bias": (1,)}
    drawn = {name: uniform(seed, name, shape) for name, shape in hidden.items()}
    return drawn | {name: uniform(seed, f"{model} {name}", shape, 0.5) for name, shape in output.items()}


def combinations(profile: str) -> list[tuple[str, str, str]]:
    """Return models, losses and optimisers: the first of each with one exchanged, then the last of each; or all."""
    every = list(itertools.product(MODELS, LOSSES, OPTIMISERS))
    first, last = every[0], every[-1]
    one = [each for each in every if sum(part != other for part, other in zip(each, first, strict=True)) <= 1]
    two = [each for each in every if each[:2] == last[:2] and each[2] in {first[2], last[2]}]
    return every if profile == "full" else one + two


def exchange(backend: Backend, points: Points, job: Job, record: Recorder) -> None:
    """Record the first steps of every combination; what comes before an exchanged part must not change with it."""
    outputs: dict[str, list[NDArray[np.floating]]] = {}
    losses: dict[str, list[float]] = {}
    for model, loss, optimiser in combinations(job.profile):
        title, weights = f"{model}, {loss}, {optimiser}: ", draw_weights(job.seed, model)
        training = backend.training(model, loss, optimiser, weights, job)
        outputs.setdefault(model, []).append(training.output(points.x))
        if optimiser == "gradient descent":
            record_first_step(training, (points.x,), points.inside, record, title)
            training.load(weights)
        first, *_ = record_steps(training, [((points.x,), points.inside)] * STEPS, STEPS, record, title)
        losses.setdefault(f"{model}, {loss}", []).append(first)
    same = all(np.array_equal(one, found[0]) for found in outputs.values() for one in found)
    record.invariant("losses and optimisers change no output", same, "before the first step, bit for bit")
    apart = max(abs(one - found[0]) for found in losses.values() for one in found)
    allowed = job.rounding(16, 16)  # a compiler may fuse a loss with the step that follows it
    record.invariant("optimisers change no first loss", apart <= allowed, f"{apart:.1e} apart, allowed {allowed:.1e}")


def learn(backend: Backend, points: Points, job: Job, record: Recorder) -> None:
    """Train the network and the line alike; only the network can know the disc."""
    fresh, batches = draw_points(job.seed, "kept"), [((points.x,), points.inside)] * LEARNING_STEPS[job.profile]
    for model in MODELS:
        training = backend.training(model, "cross-entropy", "adam", draw_weights(job.seed, model), job)
        record_training(training, batches, 0, record, f"{model} learns: ", f"steps of the {model}")
        right = float(np.mean((training.output(fresh.x) > 0) == (fresh.inside > 0)))
        record.measure(f"accuracy of the {model}", right)
        if model == "network":
            record.invariant("the network knows the disc", right >= LEARNED, f"{right:.1%}, at least {LEARNED:.0%}")
        else:
            record.invariant("the line does not", right <= LINEAR, f"{right:.1%}, at most {LINEAR:.0%}")
