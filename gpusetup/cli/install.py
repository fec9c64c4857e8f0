"""``gpusetup install``: the recipe as text, or carried out."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpusetup.cli._options import as_json
from gpusetup.cli._request import read_request, request_options
from gpusetup.errors import EXIT_FINE, EXIT_REBOOT

if TYPE_CHECKING:
    from gpusetup.apply.place import Place
    from gpusetup.render.model import Recipe


@click.command()
@request_options
@click.option(
    "--recipes",
    "own",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Your own steps, laid out like recipes/; looked through first.",
)
@click.option("--explain", is_flag=True, help="Show why each version was chosen, with sources, instead of the recipe.")
@click.option(
    "--format",
    "kind",
    default="bash",
    show_default=True,
    metavar="NAME",
    help="bash, bundle, ansible, kickstart, cloud-init or json.",
)
@as_json
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write the recipe there instead.")
@click.option("--apply", "do_apply", is_flag=True, help="Carry it out on this machine, after asking.")
@click.option("--undo", "do_undo", is_flag=True, help="Take back what --apply did on this machine.")
@click.option("--dry-run", is_flag=True, help="With --apply: say which steps are done and which are not.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.pass_context
def install(
    ctx: click.Context, /,
    *, own: Path | None, explain: bool, kind: str, as_json: bool, output: Path | None, do_apply: bool, do_undo: bool,
    dry_run: bool, yes: bool, **options: Any,
) -> None:  # fmt: skip
    """Print the recipe that installs the stack that fits this machine, as one script to read and to run.

    With --apply it is carried out step by step; a run that fails, is killed or needs a reboot goes on where it
    stopped when the same command is given again. Exit code: 4 no stack fits or not this machine, 6 a step failed,
    7 reboot and give the same command again.
    """
    if do_undo:
        _undo(yes=yes)
        return
    if do_apply and (options["machine_file"] or options["sysroot"] != Path("/")):
        raise click.UsageError("--apply is for this machine; --machine and --sysroot speak of another one")
    if do_apply:
        place = _place()
        recipe = place.waiting() or _recipe(own, options, explain=explain)
        ctx.exit(_apply(recipe, place, dry_run=dry_run, yes=yes))
    recipe = _recipe(own, options, explain=explain)
    if not explain or output:
        _write(recipe, output, "json" if as_json else kind)


def _recipe(own: Path | None, options: dict[str, Any], *, explain: bool) -> Recipe:
    from gpusetup.facts import facts  # noqa: PLC0415 - --help needs none of this
    from gpusetup.render.steps import recipe  # noqa: PLC0415
    from gpusetup.resolve import resolve  # noqa: PLC0415

    stack = resolve(read_request(facts(), **options), facts())
    if explain:
        from gpusetup.report.plan import show  # noqa: PLC0415

        show(stack, explain=True)
    return recipe(stack, own)


def _write(recipe: Recipe, output: Path | None, kind: str) -> None:
    from gpusetup.render.formats import render  # noqa: PLC0415
    from gpusetup.value import save, to_json  # noqa: PLC0415

    text = to_json(recipe) if kind == "json" else render(recipe, kind, datetime.now(UTC).date().isoformat())
    if output is None:
        click.echo(text, nl=False)
        return
    is_script = text.startswith("#!")
    save(output, text, mode=0o755 if is_script else None)
    click.echo(f"saved {output}" + (f"; read it, then: sudo bash {output}" if is_script else ""), err=True)


def _apply(recipe: Recipe, place: Place, *, dry_run: bool, yes: bool) -> int:
    """Carry `recipe` out and return the exit code."""
    from gpusetup.apply.guard import refuse_other_host  # noqa: PLC0415
    from gpusetup.apply.run import apply, look  # noqa: PLC0415

    refuse_other_host(recipe, place.root)
    if dry_run:
        for name, done in look(recipe, place).items():
            click.echo(f"{'done ' if done else 'to do'}  {name}")
        return EXIT_FINE
    for step in recipe.steps:
        click.echo(f"  {step.id}: {step.title}", err=True)
    _ask("Do these steps on this machine?", yes=yes)
    ending = apply(recipe, place, lambda line: click.echo(line, err=True))
    click.echo("all steps are done" if ending == "done" else "reboot now, then give the same command again")
    return EXIT_FINE if ending == "done" else EXIT_REBOOT


def _undo(*, yes: bool) -> None:
    from gpusetup.apply.run import undo  # noqa: PLC0415

    place = _place()
    standing = [entry.step for entry in place.journal.standing()]
    if not standing:
        click.echo("there is nothing to take back")
        return
    _ask(f"Take back {', '.join(standing)}?", yes=yes)
    count = undo(place, lambda line: click.echo(line, err=True))
    click.echo(f"{count} steps are taken back")


def _place() -> Place:
    """Return where this machine keeps its journal; ``GPUSETUP_ROOT`` is for image roots and tests."""
    from gpusetup.apply.place import Place  # noqa: PLC0415

    return Place(Path(os.environ.get("GPUSETUP_ROOT") or "/"))


def _ask(question: str, *, yes: bool) -> None:
    from gpusetup.errors import RefusedError  # noqa: PLC0415

    if not yes and not sys.stdin.isatty():
        raise RefusedError("there is no terminal to ask on", "give --yes to go on without a question")
    if not yes:
        click.confirm(question, abort=True, err=True)
