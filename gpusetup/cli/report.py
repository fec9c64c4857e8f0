"""``gpusetup report``: results as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from gpusetup.cli._command import Command
from gpusetup.cli._output import OUTPUT
from gpusetup.cli._reports import REPORTS


@click.command(cls=Command)
@click.argument("results", metavar="[RESULTS]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--output", "-o", type=OUTPUT, default="report.html", show_default=True, metavar="FILE",
              help="Write to FILE (- is standard output).")  # fmt: skip
@click.option("--open", "opened", is_flag=True, help="Open the page in a browser.")
@click.option("--figures", type=REPORTS, metavar="DIR",
              help="Also write every chart as a file in DIR (needs the extra figures).")  # fmt: skip
@click.option("--figure-format", "form", type=click.Choice(["svg", "png"]), default="svg", show_default=True,
              help="The format of --figures.")  # fmt: skip
@click.option(
    "--redact/--no-redact", "redact", default=None,
    help="Remove names of machines and their users, and secrets; plans, locks and matrices stay as they are.  "
         "[default: yes for a FILE, which is usually shared; no for standard output]",
)  # fmt: skip
def report(
    results: tuple[Path, ...],
    output: Path,
    opened: bool,
    figures: Path | None,
    form: Literal["svg", "png"],
    redact: bool | None,
) -> None:
    """Show RESULTS as one HTML page for people; without RESULTS, this machine and its diagnosis.

    RESULTS are files, or folders of files, that gpusetup saved, in any mix: machines (detect), diagnoses (doctor
    --json), plans, locks and proofs (selftest --save). The page is one file that needs no network and no server: mail
    it, attach it to a ticket, keep it with a CI run.

    Exit code: 0 the page is written, whatever it shows; 2 a file holds no result of gpusetup; 5
    --figures needs what is not installed.
    """
    from gpusetup.cli._deliver import deliver  # --help needs none of it
    from gpusetup.cli._page import build, draw, open_page
    from gpusetup.files import STDIO

    to_file = str(output) != STDIO
    if opened and not to_file:
        raise click.UsageError("--open needs a file: give another --output than -")
    asked = to_file if redact is None else redact
    shown = build(results, redact=asked)
    how = ", without names and secrets; --no-redact keeps the names" if asked else ", with the names of machines"
    if asked and shown.kept:
        how = ", without names and secrets; plans, locks and matrices are shown as they were saved"
    if figures is not None:
        draw(shown.sections, figures, form)
    deliver(shown.html, output, how)
    if opened:
        open_page(output)
