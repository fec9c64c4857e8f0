"""Losses of all frameworks against the float64 reference, and how many ulps they are from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.report.page.model import Chart, Section
from gpusetup.report.page.sections.proof.trajectories import Curve, Trajectory, packed, thinned, trajectories

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.report.page.model import Rows
    from gpusetup.selftest.model import Run

_CHARTS = 2
"""Curves of one check that are drawn, those with the largest distances; the table has all."""


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
        title="Loss against the float64 reference",
        template="proof_curves.html.j2",
        view={"checks": checks},
        charts=charts,
        answer=_answer(found),
    )


def _charts(one: Trajectory, name: str) -> Iterator[tuple[str, Chart]]:
    steps = thinned(one)
    fewer = f" {len(steps)} of {_count(one)} steps are drawn." if len(steps) < _count(one) else ""
    worst = ", ".join(f"{name} {_worst(one, curve):.3g}" for name, curve in one.ulps.items() if curve)
    drifts = (
        "" if one.free is None else f" From step {one.free} on, right of the line, curves may drift and are not judged."
    )
    line: Rows = [{"step": steps[-1] if one.free is None else one.free, "opacity": float(one.free is not None)}]
    yield (
        f"loss-{name}",
        Chart(
            spec="proof-loss",
            title=f"{one.check}: {one.name}",
            said=f"The recorded value at each step, as every framework and the float64 reference computed it.{fewer}",
            data={"curves": packed(one.curves, steps), "free": line},
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
            data={"curves": packed(one.ulps, steps), "free": line},
            table=False,
        ),
    )


def _worst(one: Trajectory, curve: Curve) -> float:
    return max((value for step, value in curve.items() if one.judges(step)), default=0.0)


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
    drawn = f"{_counted(len(found), 'curve')} in {_counted(len({one.check for one in found}), 'check')}"
    if not any(curve for one in found for curve in one.ulps.values()):
        return f"{drawn}, and no reference to hold them against"
    return (
        f"{drawn}; furthest from float64, among the steps that are judged, is "
        f"{worst.name} of {worst.check}, by {worst.worst:.3g} ulps"
    )


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
