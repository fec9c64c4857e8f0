"""``gpusetup report``: results as one HTML page."""

from __future__ import annotations

from pathlib import Path

import click

from gpusetup.cli._command import Command
from gpusetup.cli._output import OUTPUT


@click.command(cls=Command)
@click.argument("results", metavar="RESULTS...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", "-o", type=OUTPUT, default="report.html", show_default=True, metavar="FILE",
              help="Write to FILE (- is standard output).")  # fmt: skip
@click.option("--open", "opened", is_flag=True, help="Open it in a browser.")
@click.option("--redact", is_flag=True, help="Remove names of this machine and its users, and secrets.")
def report(results: tuple[Path, ...], output: Path, opened: bool, redact: bool) -> None:
    """Show RESULTS as one HTML page: machines, doctor's reports, plans, locks, proofs, folders of them.

    The page needs no network and no server: mail it, attach it to a ticket, keep it as a CI artefact. Exit code: 0 it
    is written, 2 a file is no result of gpusetup.
    """
    from gpusetup.cli._deliver import deliver
    from gpusetup.cli._page import build, open_page

    deliver(build(results, redact=redact), output)
    if opened:
        open_page(output)
