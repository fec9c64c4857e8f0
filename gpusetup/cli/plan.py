"""``gpusetup plan``: choose a compatible stack and explain it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpusetup.cli._command import Command
from gpusetup.cli._deliver import deliver
from gpusetup.cli._options import as_json, one_format
from gpusetup.cli._output import OUTPUT
from gpusetup.cli._packages import suit
from gpusetup.cli._request import again, read_asked, request_options

if TYPE_CHECKING:
    from gpusetup.resolve.model import Stack


EXPORTS = ("requirements", "pylock", "uv", "pixi", "conda")


@click.command(cls=Command)
@request_options
@click.option(
    "--explain", is_flag=True, help="Show the facts and sources behind every choice, and the rejected alternatives."
)
@as_json
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "toml", *EXPORTS]),
    default="text",
    show_default=True,
    help="Output format; toml is that of gpusetup.lock, and the last five are one environment's wheels for others.",
)
@click.option(
    "--output",
    "-o",
    type=OUTPUT,
    metavar="FILE",
    help="Also save the stack: as JSON, or with --format toml as a profile of a lock file.",
)
@click.option(
    "--profile", default="", metavar="NAME", help="Name of the profile in the lock.  [default: cards and release]"
)
@click.option("--wheels", is_flag=True, help="Resolve every environment with uv, and lock each wheel with its SHA-256.")
@click.pass_context
def plan(
    ctx: click.Context,
    /,
    *,
    explain: bool,
    as_json: bool,
    form: str,
    output: Path | None,
    profile: str,
    wheels: bool,
    **options: Any,
) -> None:
    """Choose a compatible stack for this machine, and explain why.

    Exit code: 0 a stack was found, 2 unknown name or version, 4 no stack is possible (the conflict and the smallest
    changes that resolve it are printed). Nothing is changed.
    """
    from msgspec.structs import replace  # --help needs none of it

    from gpusetup.errors import RefusedError
    from gpusetup.facts import facts
    from gpusetup.files import STDIO
    from gpusetup.resolve.model import Refusal, Stack
    from gpusetup.resolve.planned import planned
    from gpusetup.value import to_json

    form = one_format(form, as_json=as_json)
    asked = read_asked(facts(), **options)
    suiting = suit(asked.request, facts(), named=bool(options["frameworks"]))
    result = suiting if isinstance(suiting, Refusal) else planned(replace(asked, request=suiting), facts())
    if isinstance(result, Stack) and form in EXPORTS:
        from gpusetup.cli._locks import exported

        deliver(exported(result, form), output)
        return
    if isinstance(result, Stack) and wheels:
        from gpusetup.cli._locks import every_wheel

        result = every_wheel(result)
    text = to_json(result) if form != "toml" or not isinstance(result, Stack) else _lock(result, profile, output)
    if output is not None and isinstance(result, Stack):
        deliver(text, output)
    if isinstance(result, Stack) and str(output) == STDIO:
        return
    if form == "text" or (form == "toml" and (output is not None or not isinstance(result, Stack))):
        from gpusetup.report.plan import show

        show(result, explain=explain, following=_following(ctx))
    else:
        click.echo(text, nl=False)
    if not isinstance(result, Stack):
        ctx.exit(RefusedError.exit_code)


def _following(ctx: click.Context) -> str:
    return f"`{' '.join(('gpusetup install', *again(ctx)))}`"


def _lock(stack: Stack, name: str, output: Path | None) -> str:
    """Return the lock in the file `output`, if any, with this stack added."""
    from gpusetup.facts import facts
    from gpusetup.resolve import lock

    existing = lock.load(output, lock.WRITING) if output is not None and output.exists() else None
    added = lock.profile(stack, facts(), datetime.now(UTC).date().isoformat())
    return lock.dump(lock.with_profile(existing, name or lock.profile_name(stack), added))
