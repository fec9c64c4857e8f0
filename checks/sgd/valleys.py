"""Himmelblau's function, (x² + y - 11)² + (x + y² - 7)²: which of its four minima an optimiser reaches from where.

Between two basins, and wherever a rate is wild, a rounding decides. So a start counts only when it is steady: in the
float64 reference, copies of it that are kicked at every step by up to 2^-13, and whose slopes are wrong by up to
2^-16 of themselves, a hundred times what float32 rounds off, stay beside it all the way. Roundings then move it by a
hundredth of that, and it ends in the same place everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import uniform
from checks.sgd import reference
from checks.sgd.paths import CLOSE, check_downhill, draw_starts, ladder, record_path

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
STARTS = {"quick": 64, "full": 256}
STEPS = 64
NEAR, FAR = 0.5, 64.0
ELSEWHERE, DIVERGED, UNSTEADY = len(MINIMA), len(MINIMA) + 1, -1
KICK, SLANT, COPIES, BESIDE = 2.0**-13, 2.0**-16, 4, 2.0**-4


class Kicked(NamedTuple):
    """Which starts (n) are steady, and how long their paths are firm (steps + 1, n)."""

    steady: NDArray[np.bool_]
    firm: NDArray[np.bool_]


def record_valleys(training: Training, rule: Rule, job: Job, record: Recorder) -> None:
    """Record for each rate where every steady start ends, and on which path."""
    starts = draw_starts(job.seed, STARTS[job.profile])
    basins = []
    for rate in ladder(rule, job.profile):
        path = descend(training, starts, rate)
        ends, kicked = classify(path[-1]), kick(rule, starts, rate, job)
        record_path(rule, rate, path, kicked.firm, record)
        record.tensor(
            "exact", f"minimum reached by {rule.name} at rate {rate:g}", np.where(kicked.steady, ends, UNSTEADY)
        )
        record.observe("Himmelblau's minima", f"{rule.name} at rate {rate:g}", describe(ends, kicked.steady))
        if rate == rule.valley_rates[0]:
            _check_gentle(rule, path, ends, kicked.steady, record)
        basins.append(ends)
    rates = ", ".join(f"{rate:g}" for rate in ladder(rule, job.profile))
    record.picture(f"basins of {rule.name}", np.array(basins), f"rate ({rates}), start: minimum 0 to 3, 4 none, 5 lost")


def _check_gentle(
    rule: Rule, path: NDArray[Any], ends: NDArray[np.int64], steady: NDArray[np.bool_], record: Recorder
) -> None:
    found = set(ends[steady].tolist())
    detail = f"{len(found)} of 4 from {steady.sum()} steady starts, {(ends == DIVERGED).sum()} diverged"
    record.invariant(f"{rule.name} finds all four minima at a gentle rate", found >= set(range(4)), detail)
    if rule.name == "sgd":
        check_downhill(path, record)


def descend(training: Training, starts: NDArray[np.float64], rate: float) -> NDArray[Any]:
    """Return the path (steps + 1, n, 2) of every start, at one `rate`."""
    training.restart({"points": starts}, rate)
    scales = np.ones(len(starts), np.float32)
    path = [training.weights()["points"]]
    with np.errstate(all="ignore"):  # diverging is one of the answers
        for _ in range(STEPS):
            training.step(scales)
            path.append(training.weights()["points"])
    return np.stack(path)


def kick(rule: Rule, starts: NDArray[np.float64], rate: float, job: Job) -> Kicked:
    """Return which starts keep their kicked copies beside them until all are at one minimum, or far away, for good."""
    kicks = uniform(job.seed, "kicks", (STEPS, COPIES + 1, *starts.shape), KICK)
    slants = uniform(job.seed, "slants", kicks.shape, SLANT)
    kicks[:, 0] = slants[:, 0] = 0
    training = reference.Training("himmelblau", rule, {"points": np.stack([starts] * (COPIES + 1)).reshape(-1, 2)}, job)
    training.set_rate(rate)
    scales = np.ones((COPIES + 1) * len(starts))
    beside = steady = np.ones(len(starts), dtype=bool)
    firm = [beside]
    with np.errstate(all="ignore"):
        for one, slant in zip(kicks, slants, strict=True):
            training.step(scales, slant=1 + slant.reshape(-1, 2))
            points = training.weights()["points"].reshape(one.shape)
            places = classify(points, NEAR / 2)
            apart = np.abs(points - points[0]).max(axis=(0, 2))
            beside = beside & (apart < BESIDE)
            firm.append(firm[-1] & (apart < CLOSE))
            arrived = (places == places[0]).all(axis=0) & (places[0] != ELSEWHERE)
            steady = steady & (beside | arrived)
            training.nudge({"points": one.reshape(-1, 2)})
    return Kicked(steady, np.stack(firm))


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
