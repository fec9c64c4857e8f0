"""Numbers that a check records along its training: of each run, and how many ulps it is from the float64 reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.report.page.sections.proof.runs import TRUTH, names
from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.ulps import spacing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gpusetup.report.page.model import Rows
    from gpusetup.selftest.model import Run

MOST = 100
"""Steps of a curve that are drawn."""
_FEWEST = 6
"""Recorded numbers that make a curve."""
_FREE = "later"
"""The kind of a tensor after so many steps that training has amplified roundings (`checks/README.md`)."""
_DIGITS = {"float64": 53, "float32": 24}
"""Significant bits; others are recorded as float32."""
_BROAD, _FINE, _FAINT = 7.0, 1.8, 0.3
"""The reference is a broad faint band, so that what lies upon it is seen."""

Curve = dict[int, float]
"""Step → value."""


class Trajectory(NamedTuple):
    """One number that a check records along its training: by run, the reference first."""

    check: str
    name: str
    curves: Mapping[str, Curve]
    ulps: Mapping[str, Curve]
    """By run: step → distance from the reference, in spacings of the run's own type."""
    free: int | None = None
    """The first step that is recorded to show the drift alone, and held to no tolerance; None where there is none."""

    @property
    def worst(self) -> float:
        """The largest distance among the steps that are judged."""
        return max(
            (one for curve in self.ulps.values() for step, one in curve.items() if self.judges(step)), default=0.0
        )

    def judges(self, step: int) -> bool:
        """Return whether a distance at `step` is held to a tolerance."""
        return self.free is None or step < self.free


def trajectories(runs: Sequence[Run]) -> list[Trajectory]:
    """Return every number that is recorded at six steps or more."""
    found = []
    for check in dict.fromkeys(run.job.check for run in runs):
        here = [run for run in runs if run.job.check == check]
        called = names([run.job for run in here])
        curves: dict[str, dict[str, Curve]] = {}
        for name, run in zip(called, here, strict=True):
            for what, curve in _curves(run).items():
                curves.setdefault(what, {})[name] = curve
        digits = {name: _DIGITS.get(run.job.precision, 24) for name, run in zip(called, here, strict=True)}
        truth = next((name for name, run in zip(called, here, strict=True) if run.job.framework == REFERENCE), "")
        free = _free(here)
        found += [
            Trajectory(check, what, by_run, _distances(by_run, truth, digits), free.get(what))
            for what, by_run in curves.items()
            if max(map(len, by_run.values())) >= _FEWEST
        ]
    return found


def _curves(run: Run) -> dict[str, Curve]:
    curves: dict[str, Curve] = {}
    for record in run.result.records if run.result is not None else ():
        if record.shape in {(), (1,)} and len(record.sample) == 1 and record.sample[0] is not None:
            curves.setdefault(record.name, {})[record.step] = record.sample[0]
    return curves


def _free(runs: Sequence[Run]) -> dict[str, int]:
    """Return for each curve its first step of the kind that checks record without a tolerance."""
    found: dict[str, int] = {}
    for run in runs:
        for record in run.result.records if run.result is not None else ():
            if record.kind == _FREE:
                found[record.name] = min(record.step, found.get(record.name, record.step))
    return found


def _distances(curves: Mapping[str, Curve], truth: str, digits: Mapping[str, int]) -> dict[str, Curve]:
    right = curves.get(truth, {})
    return {
        name: {
            step: abs(value - right[step]) / spacing(abs(right[step]), digits[name])
            for step, value in curve.items()
            if step in right
        }
        for name, curve in curves.items()
        if name != truth
    }


def thinned(one: Trajectory, most: int = MOST) -> list[int]:
    """Return at most `most` steps: the first, the last, and of each bucket that at which a run is furthest away."""
    steps = sorted({step for curve in one.curves.values() for step in curve})
    if len(steps) <= most:
        return steps
    inner, buckets = steps[1:-1], most - 2
    chosen = []
    for place in range(buckets):
        bucket = inner[place * len(inner) // buckets : (place + 1) * len(inner) // buckets]
        chosen.append(
            max(bucket, key=lambda step: max((each.get(step, 0.0) for each in one.ulps.values()), default=0.0))
        )
    return [steps[0], *chosen, steps[-1]]


def packed(curves: Mapping[str, Curve], steps: Sequence[int]) -> Rows:
    """Return one row for each run, its curve as text: as numbers of JSON it would be four times as long."""
    return [
        {
            "run": name,
            "width": _BROAD if name == TRUTH else _FINE,
            "opacity": _FAINT if name == TRUTH else 1.0,
            "steps": " ".join(str(step) for step in steps if step in curve),
            "values": " ".join(f"{curve[step]:.5g}" for step in steps if step in curve),
        }
        for name, curve in sorted(curves.items(), key=lambda one: one[0] == TRUTH)  # so that others keep their colours
    ]
