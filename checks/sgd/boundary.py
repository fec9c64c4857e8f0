"""The divergence boundary: up to which rate an optimiser stays at a minimum.

Near a minimum with largest curvature λ the error follows e' = (1 - ηλ) e under gradient descent, and a recursion with
the characteristic polynomial z² - (1 + μ - ηλ) z + μ under momentum, z² - (1 + μ)(1 - ηλ) z + μ(1 - ηλ) under
Nesterov's. Its roots leave the unit circle through z = -1 at ηλ = 2, 2(1 + μ) and 2(1 + μ) / (1 + 2μ). So the rate at
which each of Himmelblau's four minima is lost is known without any run, and differs between the three optimisers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.sgd.rules import MOMENTUM
from checks.sgd.valleys import MINIMA

if TYPE_CHECKING:
    from checks.common.record import Recorder
    from checks.sgd import Training
    from checks.sgd.rules import Rule

STEPS = 48
OFFSET = 2.0**-10
BELOW, ABOVE = 0.97, 1.03
BOUNDS = {"sgd": 2.0, "momentum": 2 * (1 + MOMENTUM), "nesterov": 2 * (1 + MOMENTUM) / (1 + 2 * MOMENTUM)}
"""Largest stable ηλ."""


def check_boundary(training: Training, rule: Rule, record: Recorder) -> None:
    """Start beside each minimum, just below and just above its boundary, and see who comes home.

    Scaling the function scales its rate, so one run at η = 1 holds all minima at rates of their own. `training` has
    more points than that, so each case is there several times.
    """
    curvatures, directions = steepest()
    case = np.arange(len(training.weights()["points"])) % (2 * len(MINIMA))
    minimum, below = case % len(MINIMA), case < len(MINIMA)
    training.restart({"points": MINIMA[minimum] + OFFSET * directions[minimum]}, 1.0)
    scales = (np.where(below, BELOW, ABOVE) * BOUNDS[rule.name] / curvatures[minimum]).astype(np.float32)
    for _ in range(STEPS):
        training.step(scales)
    apart = np.linalg.norm(training.weights()["points"] - MINIMA[minimum], axis=1) / OFFSET
    detail = f"error after {STEPS} steps at {BELOW} and {ABOVE} of ηλ = {BOUNDS[rule.name]:.4g}, from 1: "
    detail += ", ".join(f"{one:.2g}" for one in apart[: 2 * len(MINIMA)])
    name = f"{rule.name} loses a minimum at the rate that theory gives"
    record.invariant(name, bool(((apart < 1) == below).all()), detail)


def steepest() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each minimum the largest curvature and its direction."""
    x, y = MINIMA.T
    mixed = 4 * (x + y)
    hessians = np.stack([12 * x**2 + 4 * y - 42, mixed, mixed, 12 * y**2 + 4 * x - 26], axis=1).reshape(-1, 2, 2)
    curvatures, directions = np.linalg.eigh(hessians)
    return curvatures[:, -1], directions[:, :, -1]
