"""Links between hosts: what is at fault, the rates and latencies of the others, what was not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.links import figure_text, headline
from gpusetup.report.page.model import Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.fleet.links.model import Links
    from gpusetup.report.page.model import State

_STATES: dict[str, State] = {"faults": "error", "unknown": "unknown", "ok": "ok"}
_ORDER = ("faults", "unknown", "ok")
_MOST = 100


def links_section(links: Sequence[Links]) -> Section:
    """Return the section of all records, the worst first."""
    ranked = sorted(links, key=lambda one: _ORDER.index(one.verdict))
    return Section(
        id="fleet-links",
        title="Links",
        template="fleet_links.html.j2",
        view={
            "records": [
                {
                    "state": _STATES[one.verdict],
                    "headline": headline(one),
                    "made_at": one.made_at,
                    "faults": one.faults[:_MOST],
                    "left": len(one.faults) - _MOST,
                    "figures": [(figure_text(figure), figure.unsaid) for figure in one.figures],
                    "notes": one.notes,
                }
                for one in ranked
            ]
        },
        state=_STATES[ranked[0].verdict],
        answer=headline(ranked[0]),
    )
