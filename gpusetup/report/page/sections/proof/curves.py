"""Losses of all frameworks upon the float64 reference, and how many ulps they are from it.

A proof has thousands of steps: of each bucket of steps the one is drawn at which a run is furthest from the reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.report.page.model import Chart, Section
from gpusetup.report.page.sections.proof.runs import TRUTH, names
from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.ulps import spacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gpusetup.report.page.model import Rows
    from gpusetup.selftest.model import Run

MOST = 100
"""Steps of a curve that are drawn."""
_FEWEST = 6
"""Recorded numbers that make a curve."""
_CHARTS = 2
"""Curves of one check that are drawn, those with the largest distances; the table has all."""
_FREE = "later"
"""The kind of a tensor after so many steps that training has amplified roundings (`checks/README.md`)."""
_DIGITS = {"float64": 53, "float32": 24}
"""Significant bits; others are recorded as float32."""

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


class Check(NamedTuple):
    """The trajectories of one check, and the names of the charts of those that are drawn."""

    name: str
    charts: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[str, str, str, str, str], ...]
    every: int
    """Of all its trajectories."""


def sections(runs: Sequence[Run]) -> Iterator[Section]:
    """Yield the section, where a check recorded a curve."""
    found = trajectories(runs)
    if not found:
        return
    charts: dict[str, Chart] = {}
    checks = []
    for check in dict.fromkeys(one.check for one in found):
        here = [one for one in found if one.check == check]
        drawn = sorted(here, key=lambda one: -one.worst)[:_CHARTS]
        pairs = []
        for place, one in enumerate(drawn, start=1):
            made = dict(_charts(one, f"{check}-{place}"))
            charts |= made
            pairs.append(tuple(made))
        checks.append(Check(check, tuple(pairs), tuple(row for one in here for row in _rows(one)), len(here)))
    yield Section(
        id="losses",
        title="Losses upon the float64 reference",
        template="proof_curves.html.j2",
        view={"checks": checks},
        charts=charts,
        answer=_answer(found),
    )


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


def moved(before: Sequence[Trajectory], now: Sequence[Trajectory], most: int) -> dict[str, Chart]:
    """Return the curves that differ the most between two proofs, each over the other."""
    old = {(one.check, one.name): one for one in before}
    found = []
    for one in now:
        other = old.get((one.check, one.name))
        both = {} if other is None else {run: curve for run, curve in one.curves.items() if run in other.curves}
        if other is not None and any(curve != other.curves[run] for run, curve in both.items()):
            curves = {f"{run} now": curve for run, curve in both.items()}
            curves |= {f"{run} before": other.curves[run] for run in both}
            found.append(
                (max(_ended(curve, other.curves[run]) for run, curve in both.items()), one._replace(curves=curves))
            )
    found.sort(key=lambda pair: -pair[0])
    return {f"moved-{place}": _over(one) for place, (_, one) in enumerate(found[:most], start=1)}


def _ended(one: Curve, other: Curve) -> float:
    """Return how far apart two curves end, relative to the larger end."""
    ends = one[max(one)], other[max(other)]
    return abs(ends[0] - ends[1]) / (max(map(abs, ends)) or 1.0)


def _over(one: Trajectory) -> Chart:
    steps = thinned(one)
    return Chart(
        spec="proof-moved",
        title=f"{one.check}: {one.name}, before and now",
        said="The curves of the earlier proof are dashed, those of the newer one are drawn through.",
        data={"curves": [
            row | {"run": str(row["run"]).rpartition(" ")[0], "proof": str(row["run"]).rpartition(" ")[2]}
            for row in map(dict, _packed(one.curves, steps))
        ]},
        table=False,
    )  # fmt: skip


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


def _charts(one: Trajectory, name: str) -> Iterator[tuple[str, Chart]]:
    steps = thinned(one)
    fewer = f" {len(steps)} of {_count(one)} steps are drawn." if len(steps) < _count(one) else ""
    worst = ", ".join(f"{name} {_worst(one, curve):.3g}" for name, curve in one.ulps.items() if curve)
    drifts = (
        "" if one.free is None else f" From step {one.free} on, right of the line, curves may drift and are not judged."
    )
    line: Rows = [] if one.free is None else [{"step": one.free}]
    yield (
        f"loss-{name}",
        Chart(
            spec="proof-loss",
            title=f"{one.check}: {one.name}",
            said=f"The recorded value at each step, as every framework and the float64 reference computed it.{fewer}",
            data={"curves": _packed(one.curves, steps), "free": line},
            table=False,
        ),
    )
    if not any(one.ulps.values()):
        return
    yield (
        f"ulps-{name}",
        Chart(
            spec="proof-ulps",
            title=f"{one.check}: {one.name}, distance from float64",
            said=f"In units in the last place (ulps) of the reference's value. At most: {worst}.{drifts}",
            data={"curves": _packed(one.ulps, steps), "free": line},
            table=False,
        ),
    )


def _worst(one: Trajectory, curve: Curve) -> float:
    return max((value for step, value in curve.items() if one.judges(step)), default=0.0)


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


def _packed(curves: Mapping[str, Curve], steps: Sequence[int]) -> Rows:
    """Return one row for each run, its curve as text: as numbers of JSON it would be four times as long."""
    return [
        {
            "run": name,
            "steps": " ".join(str(step) for step in steps if step in curve),
            "values": " ".join(f"{curve[step]:.5g}" for step in steps if step in curve),
        }
        for name, curve in sorted(curves.items(), key=lambda one: one[0] == TRUTH)  # so that others keep their colours
    ]


def _rows(one: Trajectory) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield for each run what is recorded first and last, and the largest distance with its step."""
    for name, curve in one.curves.items():
        first, last = min(curve), max(curve)
        apart = one.ulps.get(name, {})
        worst = max(filter(one.judges, apart), key=lambda step: apart[step], default=None)
        far = "" if worst is None else f"{apart[worst]:.3g} at step {worst}"
        yield one.name, name, f"{curve[first]:.6g}", f"{curve[last]:.6g}", far


def _count(one: Trajectory) -> int:
    return max(len(curve) for curve in one.curves.values())


def _answer(found: Sequence[Trajectory]) -> str:
    worst = max(found, key=lambda one: one.worst)
    count = len({one.check for one in found})
    if not any(curve for one in found for curve in one.ulps.values()):
        return f"{len(found)} curves in {count} checks, and no reference to hold them against"
    return (
        f"{len(found)} curves in {count} checks; furthest from float64, among the steps that are judged, is "
        f"{worst.name} of {worst.check}, by {worst.worst:.3g} ulps"
    )
