"""Linear regression: by gradient descent in the frame of `descent`, and directly, in three ways.

Rows x (n, 12), a line x W + b, the mean of squared errors, plain gradient descent over all rows. On a quadratic loss
descent has a closed form, w_k - w* = (1 - ηH)^k (w_0 - w*) with H = 2 XᵀX/n, which is worked out here in float64 and
holds for whoever descends. Directly: W = R⁻¹Qᵀy of X = QR; LLᵀ = XᵀX and two triangular solves; the framework's own
least squares. X has a column of ones there.

What frameworks write differently is settled so: the error is averaged, not summed or halved; weights are drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.costed import Costed, Trained
from checks.common.draw import uniform
from checks.descent.recorded import record_first_step, record_training

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.descent import Array, Training, Weights

ROWS, FEATURES, RATE = 128, 12, 2.0**-4
"""The largest eigenvalue of H is between 4 and 5, so that descent is stable up to a rate of about 0.4."""
LEVEL = 2.0
"""Of all rows, well above the noise, so that the bias and its slope are no differences of larger numbers."""
PATH_STEPS = 16
"""By then the start is still seen, by about a twentieth of its distance."""
STEPS = {"quick": 40, "full": 400}
PLANET_RATE, PLANET_STEPS = 2.0**-4, 400
"""Logarithms to base 2 of up to 5 make eigenvalues of H of 18 and 1: stable below 1/9, and e⁻²⁴ is left after 400."""


class Backend(Protocol):
    """A backend's module."""

    def training(self, weights: Weights, rate: float, job: Job) -> Training:
        """Return a line under the mean of squared errors and gradient descent."""

    def solve(self, design: Array, truth: Array, job: Job) -> dict[str, Array]:
        """Return the coefficients by QR, by Cholesky and by least squares."""


class Problem(NamedTuple):
    """Rows x (n, features) and truths y (n, 1), which float32 holds, with the weights that descent starts from."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    weights: Weights

    @property
    def design(self) -> NDArray[np.float64]:
        """Return the rows with a column of ones."""
        return np.hstack([self.x, np.ones((len(self.x), 1))]).astype(np.float64)


def costed(job: Job) -> Costed:
    """Return what `cost` trains."""
    problem = draw_problem(job.seed)

    def train(backend: Backend, weights: Weights) -> Trained:
        model = backend.training(weights, RATE, job)
        return Trained(lambda _: model.step((problem.x,), problem.y), model.weights)

    return Costed(problem.weights, train)


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Descend on drawn rows, solve them directly, and find Kepler's law."""
    problem, steps = draw_problem(job.seed), STEPS[job.profile]
    training = backend.training(problem.weights, RATE, job)
    record_first_step(training, (problem.x,), problem.y, record)
    training.load(problem.weights)
    record_training(training, [((problem.x,), problem.y)] * steps, STEPS["quick"], record)
    check_path(training, problem, job, record)
    solve(backend, problem, job, record)
    find_law(backend, job, record)


def draw_problem(seed: int) -> Problem:
    """Draw rows, coefficients of up to 1, and noise of up to 1/4."""
    x, truth = uniform(seed, "x", (ROWS, FEATURES), 2.0), uniform(seed, "truth", (FEATURES, 1))
    y = np.rint(2.0**14 * (x @ truth + LEVEL + uniform(seed, "noise", (ROWS, 1), 0.25))) / 2.0**14  # exact in float32
    weights = {"line.kernel": uniform(seed, "kernel", (FEATURES, 1)), "line.bias": np.zeros(1)}
    return Problem(x.astype(np.float32), y.astype(np.float32), weights)


def planets() -> Problem:
    """Return the logarithms to base 2 of distance and year, on a grid that hides how a C library rounds them."""
    lines = Path(__file__).with_name("planets.tsv").read_text("utf-8").splitlines()
    rows = np.array([[float(number) for number in line.split("\t")[1:]] for line in lines if line[:1] != "#"])
    logarithms = np.rint(2.0**16 * np.log2(rows / (1, 365.25))) / 2.0**16
    distance, years = np.hsplit(logarithms.astype(np.float32), 2)
    return Problem(distance, years, {"line.kernel": np.zeros((1, 1)), "line.bias": np.zeros(1)})


def check_path(training: Training, problem: Problem, job: Job, record: Recorder) -> None:
    """Compare where descent has come to with what the eigenvalues of the loss predict, in float64."""
    design = problem.design
    optimum = np.linalg.lstsq(design, problem.y, rcond=None)[0]
    values, vectors = np.linalg.eigh(2 * design.T @ design / len(design))
    start = np.vstack([problem.weights["line.kernel"], problem.weights["line.bias"][None]])
    faded = (1 - RATE * values[:, None]) ** PATH_STEPS * (vectors.T @ (start - optimum))
    training.load(problem.weights)
    for _ in range(PATH_STEPS):
        training.step((problem.x,), problem.y)
    apart = _largest(coefficients(training) - (optimum + vectors @ faded))
    allowed = job.rounding(64, 16)
    record.invariant(
        "descent goes where the eigenvalues predict", apart <= allowed, f"{apart:.1e} away, allowed {allowed:.1e}"
    )


def solve(backend: Backend, problem: Problem, job: Job, record: Recorder) -> None:
    """Record the direct solutions; at each the gradient that the framework itself finds must vanish."""
    training = backend.training(problem.weights, RATE, job)
    for name, found in backend.solve(problem.design, problem.y, job).items():
        record.tensor("solution", f"coefficients by {name}", found)
        training.load({"line.kernel": found[:-1].astype(np.float64), "line.bias": found[-1].astype(np.float64)})
        _, gradients = training.gradients((problem.x,), problem.y)
        steepest = max(_largest(gradient) for gradient in gradients.values())
        allowed = job.rounding(64, 16)
        record.invariant(
            f"no slope at the solution by {name}", steepest <= allowed, f"{steepest:.1e}, allowed {allowed:.1e}"
        )


def find_law(backend: Backend, job: Job, record: Recorder) -> None:
    """Learn year = distance^(3/2) from the planets: what is measured of them deviates from it by a part in 1000."""
    known = planets()
    training = backend.training(known.weights, PLANET_RATE, job)
    for _ in range(PLANET_STEPS):
        training.step((known.x,), known.y)
    slope, level = coefficients(training)[:, 0]
    record.tensor("solution", "coefficients by descent on planets", coefficients(training))
    record.measure("exponent of Kepler's law", slope)
    holds = abs(slope - 1.5) < 0.002 and abs(level) < 0.005
    record.invariant(
        "Kepler's third law is found", holds, f"year = {2.0**level:.4f} distance^{slope:.4f}, known: exponent 1.5"
    )


def coefficients(training: Training) -> Array:
    """Return the kernel with the bias below it."""
    weights = training.weights()
    return np.vstack([weights["line.kernel"], weights["line.bias"][None]])


def _largest(numbers: Array) -> float:
    return float(np.abs(numbers).max())
