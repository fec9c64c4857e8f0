"""``gpusetup fleet links``: which link, card or host of those that were measured together is at fault."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpusetup.cli._branches import Branch
from gpusetup.cli._options import as_json, schema_option
from gpusetup.cli._output import OUTPUT

if TYPE_CHECKING:
    from gpusetup.fleet.links.model import Links


def _kind() -> type[Links]:
    from gpusetup.fleet.links.model import Links  # --help needs no values

    return Links


@click.command(cls=Branch)
@click.argument("record", metavar="[RECORD]", required=False, type=click.Path(path_type=Path))
@click.option("--program", type=OUTPUT, metavar="FILE",
              help="Write the program that measures, and end: torchrun FILE --out RECORD.")  # fmt: skip
@as_json
@schema_option(_kind)
@click.pass_context
def links(ctx: click.Context, /, *, record: Path | None, program: Path | None, as_json: bool) -> None:
    """Say which link, card or host is at fault, from what several hosts measured of each other.

    The program needs Python and torch, and nothing of gpusetup:

    \b
    gpusetup fleet links --program links.pyz
    torchrun --nnodes 8 --nproc-per-node 8 … links.pyz --out links.json
    gpusetup fleet links links.json

    Exit code: 0 fine, 1 a fault, 2 wrong input, 3 nothing could be said.
    """  # noqa: D301 - click's mark for lines that are not filled
    from gpusetup.errors import EXIT_FINE, EXIT_PROBLEMS, CannotLookError
    from gpusetup.files import write

    if (record is None) == (program is None):
        raise click.UsageError("give a RECORD to judge, or --program FILE to get what measures")
    if program is not None:
        from gpusetup.fleet.links.bundle import bundle

        write(program, bundle())
        return
    assert record is not None
    from gpusetup.fleet.links.judge import judge_links
    from gpusetup.fleet.links.read import read_record
    from gpusetup.report.links import show
    from gpusetup.value import to_json

    found = judge_links(read_record(record))
    if as_json:
        click.echo(to_json(found), nl=False)
    else:
        show(found)
    ctx.exit({"ok": EXIT_FINE, "faults": EXIT_PROBLEMS}.get(found.verdict, CannotLookError.exit_code))
