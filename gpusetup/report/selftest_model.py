"""What the sanity list found of a user's own model: every item with what was measured, also where all is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.console import show_table
from gpusetup.text import neutral

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from gpusetup.selftest.proof import Kept, Proof

NOT_CHECKED = "not checked"
"""The table of observations in which a check says what did not apply, and why."""


def show_model(out: Console, proof: Proof) -> None:
    """Print one table per framework and device; nothing for a proof of the built-in models."""
    for run in proof.runs:
        if run.job.model and run.job.round == 1 and run.result is not None:
            out.print()
            show_table(_table(run))


def _table(run: Kept) -> Table:
    """Return a table with the data first, then each item in the order in which it was looked at."""
    from rich.table import Table  # the console has loaded it
    from rich.text import Text

    title = f"{run.job.model} in {run.job.framework} on {run.job.device}"
    found = Table(title=neutral(title), title_justify="left", box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        found.add_column()
    assert run.result is not None
    seen = [one for one in run.result.observations if one.table != NOT_CHECKED]
    for one in seen:
        found.add_row(Text("seen", style="dim"), neutral(one.row), neutral(one.text))
    for item in run.result.invariants:
        state = Text("ok", style="green") if item.holds else Text("FAILED", style="bold red")
        found.add_row(state, neutral(item.name), neutral(item.detail))
    for one in run.result.observations:
        if one.table == NOT_CHECKED:
            found.add_row(Text("open", style="yellow"), neutral(one.row), neutral(one.text))
    return found
