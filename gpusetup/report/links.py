"""Links as text: what is at fault, how fast the others are, what was not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.console import console
from gpusetup.report.fleet_rows import counted
from gpusetup.report.lines import line

if TYPE_CHECKING:
    from rich.console import Console

    from gpusetup.fleet.links.model import LinkFigure, Links

_STYLES = {"ok": "bold green", "faults": "bold red", "unknown": "bold yellow"}
_LINES = 20
_WITHIN = {"within": "within hosts", "between": "between hosts"}


def show(links: Links) -> None:
    """Print the judgement over one record."""
    out = console()
    line(out, "", headline(links), _STYLES[links.verdict])
    show_links(out, links)


def show_links(out: Console, links: Links) -> None:
    """Print the faults, the figures and the notes."""
    for one in links.faults[:_LINES]:
        line(out, "  ✗ ", f"{one.subject}: {one.text}")
    if len(links.faults) > _LINES:
        line(out, "  ", f"and {len(links.faults) - _LINES} more (--json has all)")
    for figure in links.figures:
        line(out, "    ", figure_text(figure))
        if figure.unsaid:
            line(out, "  ? ", f"of single ones nothing can be said: {figure.unsaid}", "yellow")
    for note in links.notes:
        line(out, "  ? ", note, "yellow")


def headline(links: Links) -> str:
    """Return the verdict in one line."""
    found = counted(len(links.faults), "fault") if links.faults else "no fault"
    if links.verdict == "unknown":
        found = "nothing can be said"
    hosts = f"{counted(links.hosts, 'host')}, " if links.hosts != links.ranks else ""
    what = f"{hosts}{counted(links.ranks, 'rank')}, {counted(links.pairs, 'pair')}, {counted(links.sums, 'sum')}"
    return f"Links: {found} ({what} by {links.backend})"


def figure_text(figure: LinkFigure) -> str:
    """Return a rate or a latency over all pairs of a kind in one line."""
    what = f"{counted(figure.pairs, 'pair')} {_WITHIN[figure.kind]}"
    if figure.measure == "seconds":
        low, middle, high = (f"{value * 1e6:,.0f}" for value in (figure.lowest, figure.median, figure.highest))
        return f"{what}: latency {middle} µs in the middle, {low} to {high}"
    low, middle, high = (f"{value / 1e9:,.3g}" for value in (figure.lowest, figure.median, figure.highest))
    return f"{what}: {middle} GB/s in the middle, {low} to {high}"
