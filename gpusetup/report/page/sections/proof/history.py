"""Two proofs: the curves that moved, before and now over each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.page.model import Chart, Section
from gpusetup.report.page.sections.proof.trajectories import Curve, Trajectory, packed, thinned, trajectories

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Run

_MOST = 4


def sections(now: Sequence[Run], before: Sequence[Run], made_at: str) -> Iterator[Section]:
    """Yield the section that lays the curves of two proofs over each other, where one differs."""
    old, new = trajectories(before), trajectories(now)
    charts = moved(old, new, _MOST)
    both = len({(one.check, one.name) for one in old} & {(one.check, one.name) for one in new})
    if both:
        some = f"{len(charts)} of them are drawn, those whose ends moved most" if charts else "all with the same values"
        yield Section(
            id="moved",
            title="Curves before and now",
            template="proof_charts.html.j2",
            view={},
            charts=charts,
            answer=f"{both} curves are in the proof of {made_at} too: {some}",
        )


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
            for row in map(dict, packed(one.curves, steps))
        ]},
        table=False,
    )  # fmt: skip
