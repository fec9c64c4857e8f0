"""Classical rules that are shown more and more points: how their boundaries come to be, for a report to draw.

Nothing of it is judged. Each rule is fitted anew to the first 16, 32 … 512 points, by the float64 rules here and, where
it is installed, by scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from checks.boundary import NEIGHBOURS, NEWTON, Learned, grow, reference, shade, support
from checks.boundary.features import FEATURES

if TYPE_CHECKING:
    from checks.boundary.plane import Sample
    from checks.common.job import Job
    from checks.common.record import Recorder

SHOWN = (16, 32, 64, 128, 256, 512)
"""The first has as many points as the neighbours that are asked, so that every rule can be fitted to it."""

Fit = Callable[["Sample"], list[Learned]]


def record_growth(fit: Fit, sample: Sample, record: Recorder, by: str = "") -> None:
    """Record for each rule which places it gives to class 1 after each number of points; `by` ends the name."""
    fitted = [fit(first(sample, count)) for count in SHOWN]
    counts = ", ".join(map(str, SHOWN))
    for same in zip(*fitted, strict=True):
        frames = np.stack([shade(np.asarray(one.scores, np.float64) > one.edge) for one in same])
        record.picture(f"{same[0].name} learns{by}", frames, f"points seen ({counts}), y, x; class in 255ths")


def first(sample: Sample, count: int) -> Sample:
    """Return the sample with its first `count` points."""
    return sample._replace(points=sample.points[:count], labels=sample.labels[:count])


def ours(job: Job) -> Fit:
    """Return what fits each rule in float64."""

    def fit(sample: Sample) -> list[Learned]:
        points, labels, places = sample
        found = []
        for name, features in FEATURES.items():
            weights = reference.logistic(features(points), labels, NEWTON, job)
            found.append(Learned(name, features(places) @ weights))
        found.append(Learned("quadratic", reference.quadratic(sample, job)))
        found.append(Learned("neighbours", reference.neighbours(sample, NEIGHBOURS, job), 0.5))
        found.append(Learned("support vectors", reference.support(support.fit(points, labels), places, job)))
        return found + [Learned(name, reference.walk(one, places, job)) for name, one in grow(sample, job.seed).items()]

    return fit
