"""Two proofs: the curves that moved, before and now over each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.page.model import Section
from gpusetup.report.page.sections.proof.curves import moved, trajectories

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
