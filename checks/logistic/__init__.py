"""Logistic regression in the frame of `descent`, on real surnames, with Newton's method as the measure.

A surname is seven numbers around zero: how often it has each of the five vowels, less 1/2; 1 if it ends in one, else
-1; its length, less 7, over 4. The truth is 1 for Italian and 0 for English. Scores x W + b, the mean of ln(1 + eˢ) -
s t, plain gradient descent over all names. Newton's method, w ← w - H⁻¹ g with the Hessian by the framework's own
derivatives, is the measure: the loss is convex and the two languages overlap, so that there is one optimum.

What frameworks write differently is settled so: the loss is taken from scores, not from probabilities.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.costed import Costed, Trained
from checks.common.draw import permutation, uniform
from checks.descent.recorded import record_first_step, record_training
from checks.gru.names import read_names

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.descent import Array, Training, Weights

VOWELS, LANGUAGES = "aeiou", ("English", "Italian")
FEATURES, RATE = len(VOWELS) + 2, 2.0
STEPS = {"quick": 60, "full": 600}
NEWTON_STEPS = 8
KNOWN = 0.85
"""The share that must be right: nine of ten Italian surnames end in a vowel, and one of five English ones."""


class Backend(Protocol):
    """A backend's module."""

    def training(self, weights: Weights, rate: float, job: Job) -> Training:
        """Return a row of scores under the binary cross-entropy and gradient descent."""

    def newton(self, design: Array, truth: Array, steps: int, job: Job) -> Array:
        """Return the coefficients (steps, 8) after each step of Newton's method from zero."""


class Problem(NamedTuple):
    """Names x (n, 7) and truths t (n, 1), which float32 holds, with the weights that descent starts from."""

    x: NDArray[np.float32]
    t: NDArray[np.float32]
    weights: Weights

    @property
    def design(self) -> NDArray[np.float32]:
        """Return the rows with a column of ones."""
        return np.hstack([self.x, np.ones((len(self.x), 1), np.float32)])

    def loss(self, coefficients: Array) -> float:
        """Return the loss in float64."""
        scores = self.design.astype(np.float64) @ coefficients
        return float(np.mean(np.logaddexp(0, scores) - scores * self.t))


def costed(job: Job) -> Costed:
    """Return what `cost` trains."""
    problem = read_problem(job.seed)

    def train(backend: Backend, weights: Weights) -> Trained:
        model = backend.training(weights, RATE, job)
        return Trained(lambda _: model.step((problem.x,), problem.t), model.weights)

    return Costed(problem.weights, train)


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Descend, take Newton's steps, and hold the one to the other."""
    problem = read_problem(job.seed)
    training = backend.training(problem.weights, RATE, job)
    record_first_step(training, (problem.x,), problem.t, record)
    training.load(problem.weights)
    losses = record_training(training, [((problem.x,), problem.t)] * STEPS[job.profile], STEPS["quick"], record)
    steps = backend.newton(problem.design, problem.t, NEWTON_STEPS, job)
    for number, coefficients in enumerate(steps, start=1):
        record.tensor("newton", "Newton's step", coefficients, number)
    check_newton(training, problem, steps, job, record)
    check_descent(problem, losses, steps[-1], job, record)
    check_knowledge(training, problem, steps[-1], record)


def read_problem(seed: int) -> Problem:
    """Return the surnames of both languages in a drawn order."""
    corpus = read_names()
    chosen = [(name, corpus.languages[one] == LANGUAGES[1]) for name, one in corpus.names
              if corpus.languages[one] in LANGUAGES]  # fmt: skip
    rows = [
        [*(name.count(vowel) - 0.5 for vowel in VOWELS), 1 if name[-1] in VOWELS else -1, (len(name) - 7) / 4]
        for name, _ in chosen
    ]
    order = permutation(seed, "order", len(chosen))
    truths = np.array([[italian] for _, italian in chosen], np.float32)
    weights = {"line.kernel": uniform(seed, "kernel", (FEATURES, 1), 0.25), "line.bias": np.zeros(1)}
    return Problem(np.array(rows, np.float32)[order], truths[order], weights)


def check_newton(training: Training, problem: Problem, steps: Array, job: Job, record: Recorder) -> None:
    """At the optimum the gradient that the framework finds vanishes; on the way each error is far below the last."""
    training.load(_weights(steps[-1]))
    _, gradients = training.gradients((problem.x,), problem.t)
    steepest, allowed = max(float(np.abs(one).max()) for one in gradients.values()), job.rounding(16, 16)
    record.invariant("no slope at Newton's optimum", steepest <= allowed, f"{steepest:.1e}, allowed {allowed:.1e}")
    apart = np.abs(steps - steps[-1]).max(axis=1)
    floor = 64 * allowed
    squared = [after <= max(before**1.5, floor) for before, after in pairwise(apart) if before < 0.5]
    record.invariant(
        "Newton's error shrinks faster than its power 1.5", all(squared), " → ".join(f"{one:.1e}" for one in apart)
    )


def check_descent(problem: Problem, losses: list[float], optimum: Array, job: Job, record: Recorder) -> None:
    """Descent at a rate below 1/L goes down only, and is at most ‖w₀ - w*‖² / 2ηk above the optimum after k steps.

    The bound is that of convex functions with an L-Lipschitz gradient (Nesterov, Introductory Lectures on Convex
    Optimization, 2004, section 2.1.5); L is the largest eigenvalue of XᵀX / 4n.
    """
    design = problem.design.astype(np.float64)
    smooth = float(np.linalg.eigvalsh(design.T @ design / (4 * len(design)))[-1])
    record.invariant("the rate is below 1/L", RATE * smooth <= 1, f"{RATE} x {smooth:.3f}")
    rounding = job.rounding(16, 16)
    rises = max(after - before for before, after in pairwise(losses))
    record.invariant("descent never goes up", rises <= rounding, f"at most by {rises:.1e}, allowed {rounding:.1e}")
    start = np.append(problem.weights["line.kernel"], problem.weights["line.bias"])
    best = problem.loss(optimum[:, None].astype(np.float64))
    bound = float(np.sum((start - optimum) ** 2)) / (2 * RATE * (len(losses) - 1))
    gap = losses[-1] - best
    holds = -rounding <= gap <= bound
    record.invariant("the loss is within the bound of the optimum", holds, f"{gap:.2e} above, at most {bound:.2e}")


def check_knowledge(training: Training, problem: Problem, optimum: Array, record: Recorder) -> None:
    """Ask the optimum for what everybody sees: it tells most surnames apart, and by the last letter."""
    training.load(_weights(optimum))
    right = float(np.mean((training.output(problem.x) > 0) == (problem.t > 0)))
    record.measure("accuracy", right)
    record.invariant("surnames are told apart", right >= KNOWN, f"{right:.1%}, at least {KNOWN:.0%} expected")
    last = optimum[len(VOWELS)]
    record.invariant("a vowel at the end speaks for Italian", last > 1, f"its weight is {last:.2f}, above 1 expected")


def _weights(coefficients: Array) -> Weights:
    """Return coefficients, the bias last, as weights of the frame."""
    return {
        "line.kernel": coefficients[:-1, None].astype(np.float64),
        "line.bias": coefficients[-1:].astype(np.float64),
    }
