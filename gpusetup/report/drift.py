"""What differs between a lock and a machine, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.console import console
from gpusetup.report.lines import line

if TYPE_CHECKING:
    from gpusetup.resolve.drift import Drifts

SIGNS = {"breaks": ("✗ ", "red"), "differs": ("! ", "yellow"), "unknown": ("? ", "yellow")}
NOTHING = "none"


def show(found: Drifts) -> None:
    """Print each difference with what it means, or that there is none."""
    out = console()
    if not found.drifts:
        line(out, "", f"as locked: nothing differs from {found.profile}", "bold green")
        return
    line(out, "", f"{len(found.drifts)} differ from {found.profile}", "bold")
    for one in found.drifts:
        sign, style = SIGNS[one.weight]
        line(out, sign, f"{one.component}: {one.locked or NOTHING} → {one.now or NOTHING}: {one.why}", style)
