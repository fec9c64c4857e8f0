"""``gpusetup plan``: the stack that fits, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gpusetup.cli._options import as_json
from gpusetup.cli._request import read_request, request_options


@click.command()
@request_options
@click.option("--explain", is_flag=True, help="Show for every choice the facts, their sources and what lost to it.")
@as_json
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Also save the stack as JSON.")
@click.pass_context
def plan(ctx: click.Context, /, *, explain: bool, as_json: bool, output: Path | None, **options: Any) -> None:
    """Choose the stack that fits this machine, and say why.

    Exit code: 0 there is a stack, 2 a name or version that no table knows, 4 no stack fits (the conflict and the
    smallest ways out are printed). Nothing is changed.
    """
    from gpusetup.errors import RefusedError  # noqa: PLC0415 - --help needs none of it
    from gpusetup.facts import facts  # noqa: PLC0415
    from gpusetup.resolve import attempt  # noqa: PLC0415
    from gpusetup.resolve.model import Stack  # noqa: PLC0415
    from gpusetup.value import save, to_json  # noqa: PLC0415

    result = attempt(read_request(facts(), **options), facts())
    if output is not None and isinstance(result, Stack):
        save(output, to_json(result))
        click.echo(f"saved {output}", err=True)
    if as_json:
        click.echo(to_json(result), nl=False)
    else:
        from gpusetup.report.plan import show  # noqa: PLC0415

        show(result, explain=explain)
    if not isinstance(result, Stack):
        ctx.exit(RefusedError.exit_code)
