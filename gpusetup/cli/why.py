"""``gpusetup why``: explain whether a version is possible, and what would allow it."""

from __future__ import annotations

from typing import Any

import click

from gpusetup.cli._command import Command
from gpusetup.cli._options import as_json
from gpusetup.cli._request import read_request, request_options


@click.command(cls=Command)
@click.argument("question", metavar="WHAT")
@request_options
@as_json
@click.pass_context
def why(ctx: click.Context, /, *, question: str, as_json: bool, **options: Any) -> None:
    """Explain why WHAT is or is not possible here, and what would allow it.

    WHAT is a version (torch==2.14.1+cu126, tensorflow==2.21, cuda==13.0, cudnn, python, driver, release), a component
    (driver, gcc, cuda), a card, a driver branch (580), a wheel's file name, or a word (kernel, jax, nvidia-open).

    Exit code: 0 possible, 2 nothing is known of it, 4 not possible (the conflicting facts and the smallest changes
    that resolve them are printed).
    """
    from gpusetup.errors import RefusedError  # --help needs none of it
    from gpusetup.facts import facts
    from gpusetup.resolve.pins import FRAMEWORKS
    from gpusetup.resolve.told import questions
    from gpusetup.resolve.told.why import answer

    asked = questions.question(facts(), question)
    if asked.card:
        options["gpus"] = (*options["gpus"], asked.card)
    if asked.field in FRAMEWORKS and not options["frameworks"]:
        options["frameworks"] = (asked.field,)
    if any(options[name] for name in ("extras", "requirements", "named", "named_files")):
        raise click.UsageError("why is about the stack alone; `gpusetup plan` says why packages do not fit")
    found = answer(asked, read_request(facts(), **options) if asked.solves else None, facts())
    if as_json:
        from gpusetup.value import to_json

        click.echo(to_json(found), nl=False)
    else:
        from gpusetup.report.plan import show_answer

        show_answer(found, asked.field, pinned=bool(asked.pins))
    if not found.possible:
        ctx.exit(RefusedError.exit_code)
