"""Himmelblau's function, (x² + y - 11)² + (x + y² - 7)²: which of its four minima an optimiser reaches from where.

Between two basins, and wherever a rate is wild, a rounding decides. So a start counts only when it is steady: in the
float64 reference, copies of it that are kicked at every step by up to 2^-13, a hundred times what float32 rounds off,
stay beside it all the way. Roundings then move it by a hundredth of that, and it ends in the same place everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import uniform
from checks.sgd import reference

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.sgd import Training
    from checks.sgd.rules import Rule

MINIMA = np.array(
    [
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.283185991286170),
        (3.584428340330492, -1.848126526964404),
    ]
)
STARTS = {"quick": 64, "full": 1024}
STEPS = 64
NEAR, FAR = 0.5, 64.0
ELSEWHERE, DIVERGED, UNSTEADY = len(MINIMA), len(MINIMA) + 1, -1
KICK, COPIES, BESIDE = 2.0**-13, 2, 2.0**-4


def record_valleys(training: Training, rule: Rule, job: Job, record: Recorder) -> None:
    """Record for a gentle and a wild rate where every steady start ends."""
    starts = uniform(job.seed, "points", (STARTS[job.profile], 2), 4.0)
    for rate in rule.valley_rates:
        ends, steady = descend(training, starts, rate), find_steady(rule, starts, rate, job)
        record.tensor("exact", f"minimum reached by {rule.name} at rate {rate:g}", np.where(steady, ends, UNSTEADY))
        record.observe("Himmelblau's minima", f"{rule.name} at rate {rate:g}", describe(ends, steady))
        if rate == rule.valley_rates[0]:
            found = set(ends[steady].tolist())
            detail = f"{len(found)} of 4 from {steady.sum()} steady starts, {(ends == DIVERGED).sum()} diverged"
            record.invariant(f"{rule.name} finds all four minima at a gentle rate", found >= set(range(4)), detail)


def descend(training: Training, starts: NDArray[np.float64], rate: float) -> NDArray[np.int64]:
    """Return the number of the minimum that each start (n, 2) reaches, or `ELSEWHERE`, or `DIVERGED`."""
    training.restart({"points": starts}, rate)
    scales = np.ones(len(starts), np.float32)
    with np.errstate(all="ignore"):  # diverging is one of the answers
        for _ in range(STEPS):
            training.step(scales)
    return classify(training.weights()["points"])


def find_steady(rule: Rule, starts: NDArray[np.float64], rate: float, job: Job) -> NDArray[np.bool_]:
    """Return which starts keep their kicked copies beside them until all are at one minimum, or far away, for good."""
    kicks = uniform(job.seed, "kicks", (STEPS, COPIES + 1, *starts.shape), KICK)
    kicks[:, 0] = 0
    training = reference.Training("himmelblau", rule, {"points": np.stack([starts] * (COPIES + 1)).reshape(-1, 2)}, job)
    training.set_rate(rate)
    scales = np.ones((COPIES + 1) * len(starts))
    beside = steady = np.ones(len(starts), dtype=bool)
    with np.errstate(all="ignore"):
        for kick in kicks:
            training.step(scales)
            points = training.weights()["points"].reshape(kick.shape)
            places = classify(points, NEAR / 2)
            beside = beside & (np.abs(points - points[0]).max(axis=(0, 2)) < BESIDE)
            arrived = (places == places[0]).all(axis=0) & (places[0] != ELSEWHERE)
            steady = steady & (beside | arrived)
            training.nudge({"points": kick.reshape(-1, 2)})
    return steady


def describe(ends: NDArray[np.int64], steady: NDArray[np.bool_]) -> str:
    """Return how many starts ended where, in words."""
    *found, elsewhere, diverged = np.bincount(ends, minlength=DIVERGED + 1).tolist()
    counts = " + ".join(map(str, found))
    return f"{counts} starts reach the four, {elsewhere} none, {diverged} diverge; {steady.sum()} are steady"


def classify(points: NDArray[Any], near: float = NEAR) -> NDArray[np.int64]:
    """Return for points (…, 2) the number of the minimum they are `near`."""
    far = ~(np.abs(points) < FAR).all(axis=-1)
    apart = np.linalg.norm(np.where(far[..., None], 0, points)[..., None, :] - MINIMA, axis=-1)
    nearest = np.where(apart.min(axis=-1) < near, apart.argmin(axis=-1), ELSEWHERE)
    return np.where(far, DIVERGED, nearest)
