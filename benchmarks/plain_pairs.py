"""Our step of each trained workload beside the plain one (`plain/`), with what each is given: a row per workload."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from checks import boundary, cnn, gan, gnn, gru, linear, logistic, mlp, sgd, transformer
from checks.boundary import plane
from checks.common.job import Job
from checks.descent import Training
from checks.gru.names import LETTERS as NAME_LETTERS
from checks.sgd.names import BATCH, count_letters
from checks.sgd.rules import RULES
from checks.transformer.text import LETTERS as TEXT_LETTERS
from checks.transformer.text import LONGEST

STEPS = 60
Step = Callable[..., float]
Pair = tuple[Step, Step, list[tuple[Any, Any]]]


def gru_pair(framework: str, job: Job) -> Pair:
    """Return names by language under a GRU."""
    plan = gru.draw_plan(job)
    ours = backend("gru", framework).Model(plan.weights, job).step
    batches = [((batch,), tuple(batch)) for batch in gru.batches(plan, 0, STEPS)]
    return ours, plain("gru", framework, NAME_LETTERS, len(plan.corpus.languages)), batches


def transformer_pair(framework: str, job: Job) -> Pair:
    """Return the causal language model."""
    plan = transformer.draw_plan(0)
    ours = backend("transformer", framework).Model(plan.weights, job, causal=True).step
    text = [plan.batch(step, causal=True) for step in range(STEPS)]
    return ours, plain("transformer", framework, TEXT_LETTERS, LONGEST), [((one,), tuple(one)) for one in text]


def sgd_pair(framework: str, job: Job) -> Pair:
    """Return a softmax regression under Adam."""
    names = count_letters(job)
    sizes = names.letters.shape[1], int(names.languages.max()) + 1
    adam = next(rule for rule in RULES if rule.name == "adam")
    training: sgd.Training = backend("sgd", framework).Training("regression", adam, {"weight": np.zeros(sizes)}, job)
    rows = [np.arange(first * BATCH, (first + 1) * BATCH) % len(names.languages) for first in range(STEPS)]
    batches = [((names.letters[row], names.languages[row]),) * 2 for row in rows]
    return training.step, plain("sgd", framework, *sizes), batches


def linear_pair(framework: str, job: Job) -> Pair:
    """Return a line by gradient descent."""
    problem = linear.draw_problem(0)
    training = backend("linear", framework).training(problem.weights, linear.RATE, job)
    return trained(training, plain("linear", framework, linear.FEATURES), (problem.x,), problem.y)


def logistic_pair(framework: str, job: Job) -> Pair:
    """Return a logistic regression by gradient descent."""
    problem = logistic.read_problem(0)
    training = backend("logistic", framework).training(problem.weights, logistic.RATE, job)
    return trained(training, plain("logistic", framework, logistic.FEATURES), (problem.x,), problem.t)


def mlp_pair(framework: str, job: Job) -> Pair:
    """Return a small network under Adam."""
    points, weights = mlp.draw_points(0, "learned"), mlp.draw_weights(0, "network")
    training = backend("mlp", framework).training("network", "cross-entropy", "adam", weights, job)
    return trained(training, plain("mlp", framework, mlp.HIDDEN), (points.x,), points.inside)


def boundary_pair(framework: str, job: Job) -> Pair:
    """Return a small network that learns a boundary in the plane."""
    sample = plane.draw(0)
    ours = backend("boundary", framework).Network(boundary.draw_weights(0), job).step
    return ours, plain("boundary", framework, boundary.HIDDEN), [((sample.points, sample.labels),) * 2] * STEPS


def cnn_pair(framework: str, job: Job) -> Pair:
    """Return digits under a convolutional network."""
    plan, reader = cnn.draw_plan(0), backend("cnn", framework)
    network = reader.network(cnn.draw_weights(0), job)
    batches = [(plan.batch(step)[0], plan.batch(step)[2]) for step in range(STEPS)]
    return (
        network.step,
        plain("cnn", framework),
        [(((images,), digits), (images, digits)) for images, digits in batches],
    )


def gnn_pair(framework: str, job: Job) -> Pair:
    """Return the karate club under a graph network."""
    club = gnn.read_club(0)
    training = backend("gnn", framework).training(gnn.draw_weights(0), club.graph, job)
    return trained(training, plain("gnn", framework), (*club.graph, club.known), club.factions[club.known])


def gan_pair(framework: str, job: Job) -> Pair:
    """Return two networks against each other, a step of either."""
    ours = backend("gan", framework).Gan(gan.draw_weights(0), job)
    rounds = [gan.draw_round(0, number) for number in range(STEPS)]

    def step(real: gan.Numbers, noise: gan.Numbers, fresh: gan.Numbers) -> float:
        return float(ours.discriminate(real, noise) + ours.deceive(fresh))

    return step, plain("gan", framework, gan.NOISE, gan.HIDDEN), [(tuple(one),) * 2 for one in rounds]


PAIRS: dict[str, Callable[[str, Job], Pair]] = {
    "gru": gru_pair,
    "transformer": transformer_pair,
    "boundary": boundary_pair,
    "sgd": sgd_pair,
    "linear": linear_pair,
    "logistic": logistic_pair,
    "mlp": mlp_pair,
    "cnn": cnn_pair,
    "gnn": gnn_pair,
    "gan": gan_pair,
}


def trained(training: Training, plain_step: Step, inputs: tuple[Any, ...], truth: Any) -> Pair:
    """Return a training of the frame beside a plain step, both over the same whole batch."""
    return training.step, plain_step, [((inputs, truth), (*inputs, truth))] * STEPS


def backend(check: str, framework: str) -> Any:
    """Return a check's backend module."""
    return importlib.import_module(f"checks.{check}.{framework}")


def plain(name: str, framework: str, *sizes: int) -> Step:
    """Return the plain script's step."""
    step: Step = importlib.import_module(f"benchmarks.plain.{name}_{framework}").trainer(*sizes)
    return step
