"""``gpusetup install``: the recipe as text, or carried out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from gpusetup.cli._apply import carry_out, host_place, take_back
from gpusetup.cli._command import section
from gpusetup.cli._completion import recipe_formats
from gpusetup.cli._options import HERE, as_json
from gpusetup.cli._output import OUTPUT, deliver
from gpusetup.cli._request import NAMES as REQUEST
from gpusetup.cli._request import read_asked, request_options
from gpusetup.cli._subcommands import Family, Subcommand
from gpusetup.errors import EXIT_FINE

if TYPE_CHECKING:
    from gpusetup.apply.state_dir import StateDir
    from gpusetup.render.model import Recipe


SUBCOMMANDS = (
    Subcommand("apply", "Carry the recipe out on this machine, after asking; go on with one that was interrupted.",
           "do_apply", (*REQUEST, "own"), ("plan_file", "dry_run", "yes")),
    Subcommand("undo", "Take back what `apply` did on this machine.", "do_undo", ("yes",)),
)  # fmt: skip


@click.command(cls=Family, subcommands=SUBCOMMANDS)
@request_options
@section(
    "Output",
    click.option(
        "--explain", is_flag=True, help="Show why each version was chosen, with sources, instead of the recipe."
    ),
    click.option(
        "--format",
        "kind",
        default="bash",
        show_default=True,
        metavar="NAME",
        shell_complete=recipe_formats,
        help="bash, bundle, ansible, kickstart, cloud-init or json.",
    ),
    as_json,
    click.option("--output", "-o", type=OUTPUT, metavar="FILE", help="Write the recipe there instead."),
)
@section(
    "The recipe",
    click.option(
        "--recipes",
        "own",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Your own steps, laid out like recipes/; looked through first.",
    ),
)
@click.option("--apply", "do_apply", is_flag=True)
@click.option("--undo", "do_undo", is_flag=True)
@section(
    "Carrying it out",
    click.option("--plan", "plan_file", type=click.Path(path_type=Path), metavar="FILE",
                 help="Carry out this recipe, saved by --format json, if it is what is planned here for the same "
                 "request (with the same --recipes DIR), and the machine is still as it was then."),
    click.option("--dry-run", is_flag=True, help="Say which steps are done and which are not."),
    click.option("--yes", "-y", is_flag=True, help="Do not ask."),
)  # fmt: skip
@click.pass_context
def install(
    ctx: click.Context, /,
    *, own: Path | None, explain: bool, kind: str, as_json: bool, output: Path | None, do_apply: bool, do_undo: bool,
    plan_file: Path | None, dry_run: bool, yes: bool, **options: Any,
) -> None:  # fmt: skip
    """Print the recipe that installs the stack that fits this machine, as one script to read and to run.

    With --apply it is carried out step by step; a run that fails, is killed or needs a reboot goes on where it
    stopped when the same command is given again. Exit code: 4 no stack fits, not this machine, or changed since the
    plan; 6 a step failed, 7 reboot and give the same command again.
    """
    if do_undo:
        take_back(host_place(), lambda _entry: True, yes=yes)
        return
    if do_apply and (options["machine_file"] or options["sysroot"] != HERE):
        raise click.UsageError("--apply is for this machine; --machine and --sysroot speak of another one")
    if plan_file:
        _only_plan(ctx, options, do_apply=do_apply)
    if do_apply:
        place = host_place()
        waiting = place.waiting()
        recipe = _planned(plan_file, own, waiting) if plan_file else waiting or _recipe(own, options, explain=explain)
        ctx.exit(_apply(recipe, place, own, dry_run=dry_run, yes=yes))
    recipe = _recipe(own, options, explain=explain)
    if not explain or output:
        _write(recipe, output, "json" if as_json else kind)


def _recipe(own: Path | None, options: dict[str, Any], *, explain: bool) -> Recipe:
    from gpusetup.facts import facts  # --help needs none of this
    from gpusetup.render.steps import recipe
    from gpusetup.resolve import resolve

    asked = read_asked(facts(), **options)
    stack = resolve(asked.request, facts())
    if explain:
        from gpusetup.report.plan import show

        show(stack, explain=True)
    made = recipe(stack, own)
    if asked.machine is None:
        return made
    from msgspec.structs import replace

    from gpusetup.render.origin import origin

    return replace(made, origin=origin(asked.machine))


def _only_plan(ctx: click.Context, options: dict[str, Any], *, do_apply: bool) -> None:
    """Raise `click.UsageError` where --plan stands without --apply, or beside a wish that the plan cannot follow."""
    if not do_apply:
        raise click.UsageError("--plan goes with --apply")
    for name in options:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--plan says already what to install; leave out {name.strip('_')}")


def _planned(path: Path, own: Path | None, waiting: Recipe | None) -> Recipe:
    """Return the recipe that the plan in the file `path` asks for: the one that was begun, or what it comes to here."""
    from gpusetup.apply.saved_plan import agreed  # --help needs none of this
    from gpusetup.facts import facts
    from gpusetup.render.model import Recipe
    from gpusetup.value import load

    saved = load(path, Recipe)
    return waiting if waiting is not None and waiting.digest == saved.digest else agreed(saved, own, facts())


def _write(recipe: Recipe, output: Path | None, kind: str) -> None:
    from gpusetup.render.formats import render
    from gpusetup.value import to_json

    text = to_json(recipe) if kind == "json" else render(recipe, kind, datetime.now(UTC).date().isoformat())
    if text.startswith("#!"):
        deliver(text, output, f"; read it, then: sudo bash {output}", mode=0o755)
    else:
        deliver(text, output)


def _apply(recipe: Recipe, place: StateDir, own: Path | None, *, dry_run: bool, yes: bool) -> int:
    """Carry `recipe` out and return the exit code."""
    from gpusetup.apply.preconditions import refuse_changed_host, refuse_other_host
    from gpusetup.apply.run import look
    from gpusetup.apply.saved_plan import own_steps

    refuse_other_host(recipe, place.root)
    refuse_changed_host(recipe, place)
    if dry_run:
        for name, done in look(recipe, place).items():
            click.echo(f"{'done ' if done else 'to do'}  {name}")
        return EXIT_FINE
    return carry_out(recipe, place, yes=yes, own=own_steps(recipe, own))
