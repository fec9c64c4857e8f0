"""``gpusetup why``: explain whether a version is possible, and what would allow it."""

from __future__ import annotations

from typing import Any

import click

from gpusetup.cli._command import Command
from gpusetup.cli._options import as_json
from gpusetup.cli._request import read_request, request_options


@click.command(cls=Command)
@click.argument("question", metavar="NAME==VERSION")
@request_options
@as_json
@click.pass_context
def why(ctx: click.Context, /, *, question: str, as_json: bool, **options: Any) -> None:
    """Explain why NAME==VERSION is or is not possible here, and what would allow it.

    NAME is torch (also torch==2.14.1+cu126), tensorflow, cuda, cudnn, python, driver or fedora.

    Exit code: 0 possible, 2 unknown name or version, 4 not possible (the conflicting facts and the smallest changes
    that resolve them are printed).
    """
    from gpusetup.errors import RefusedError  # --help needs none of it
    from gpusetup.facts import facts
    from gpusetup.resolve import why as reasoning

    asked = reasoning.question(facts(), question)
    found = reasoning.answer(asked, read_request(facts(), **options), facts())
    if as_json:
        from gpusetup.value import to_json

        click.echo(to_json(found), nl=False)
    else:
        from gpusetup.report.plan import show_answer

        show_answer(found, asked.field)
    if not found.possible:
        ctx.exit(RefusedError.exit_code)
