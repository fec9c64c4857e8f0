"""What differs between a lock and a machine, as text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gpusetup.report.console import console
from gpusetup.report.lines import line

if TYPE_CHECKING:
    from gpusetup.resolve.host.drift import Drift, Drifts

SIGNS = {"breaks": ("✗ ", "red"), "differs": ("! ", "yellow"), "unknown": ("? ", "yellow")}
NOTHING = "none"


def show(found: Drifts) -> None:
    """Print each difference with what it means, or that there is none."""
    out = console()
    if not found.drifts:
        line(out, "", f"as locked: nothing differs from {found.profile}", "bold green")
        return
    line(out, "", f"{len(found.drifts)} difference{'s' * (len(found.drifts) != 1)} from {found.profile}", "bold")
    for one in found.drifts:
        sign, style = SIGNS[one.weight]
        line(out, sign, f"{one.component}: {one.locked or NOTHING} → {one.now or NOTHING}: {one.why}", style)
        line(out, "  ", _since(one), "dim")


def _since(one: Drift) -> str:
    if one.weight == "unknown":
        return "since when: not known, as it was not read"
    if not one.since:
        return "since when: nothing on this machine says"
    return f"since {datetime.fromtimestamp(one.since, UTC):%Y-%m-%d %H:%M} UTC"
