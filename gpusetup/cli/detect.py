"""``gpusetup detect``: the Machine as JSON."""

from __future__ import annotations

from pathlib import Path

import click

from gpusetup.cli._options import as_json, read_machine, reading_options


@click.command()
@reading_options
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write to FILE (- is standard output)."
)
@as_json
def detect(output: Path | None, sysroot: Path, deadline: float, as_json: bool) -> None:  # noqa: ARG001 - always JSON
    """Print everything read from this machine, as JSON: values, and the reason for each that could not be read.

    Nothing is judged and nothing is changed. Save it with --output, and any command replays it with --machine.
    """
    from gpusetup.value import save, to_json  # noqa: PLC0415 - --help needs no msgspec

    text = to_json(read_machine(None, sysroot, deadline))
    if output is None or str(output) == "-":
        click.echo(text, nl=False)
    else:
        save(output, text)
        click.echo(f"saved {output}", err=True)
