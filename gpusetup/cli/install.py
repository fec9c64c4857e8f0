"""``gpusetup install``: print the recipe, or apply it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from gpusetup.cli._apply import carry_out, host_state, take_back
from gpusetup.cli._command import section
from gpusetup.cli._completion import recipe_formats
from gpusetup.cli._deliver import deliver
from gpusetup.cli._options import as_json
from gpusetup.cli._output import OUTPUT
from gpusetup.cli._packages import suited
from gpusetup.cli._reading import HERE
from gpusetup.cli._request import NAMES as REQUEST
from gpusetup.cli._request import read_asked, request_options
from gpusetup.cli._subcommands import Family, Subcommand
from gpusetup.errors import EXIT_FINE, RefusedError

if TYPE_CHECKING:
    from gpusetup.apply.state_dir import StateDir
    from gpusetup.cli._locks import PlanFile
    from gpusetup.render.model import Recipe


SUBCOMMANDS = (
    Subcommand("apply", "Apply the recipe to this machine, after confirmation; continue an interrupted one.",
           "do_apply", (*REQUEST, "own"), ("plan_file", "profile", "dry_run", "yes")),
    Subcommand("undo", "Undo what `apply` did on this machine.", "do_undo", ("yes",)),
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
    click.option(
        "--output", "-o", type=OUTPUT, metavar="FILE", help="Write the recipe to FILE instead of standard output."
    ),
)
@section(
    "The recipe",
    click.option(
        "--recipes",
        "own",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Your own steps, laid out like recipes/; they take precedence.",
    ),
)
@click.option("--apply", "do_apply", is_flag=True)
@click.option("--undo", "do_undo", is_flag=True)
@section(
    "Applying",
    click.option("--plan", "plan_file", type=click.Path(path_type=Path), metavar="FILE",
                 help="Apply this recipe, saved by --format json, if the same request (with the same --recipes DIR) "
                 "still gives it here, and the machine has not changed since; or the recipe of a gpusetup.lock."),
    click.option("--profile", default="", metavar="NAME",
                 help="With --plan: the profile of a lock.  [default: the only one]"),
    click.option("--dry-run", is_flag=True, help="List which steps are done and which are not."),
    click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation."),
)  # fmt: skip
@click.pass_context
def install(
    ctx: click.Context, /,
    *, own: Path | None, explain: bool, kind: str, as_json: bool, output: Path | None, do_apply: bool, do_undo: bool,
    plan_file: Path | None, profile: str, dry_run: bool, yes: bool, **options: Any,
) -> None:  # fmt: skip
    """Print the recipe that installs a compatible stack on this machine, as one script to read and run.

    `gpusetup install apply` applies it step by step; after a failure, a kill or a reboot, the same command continues
    where it stopped. Exit code: 4 no stack is possible, the recipe is for another machine, or the machine has changed
    since the plan; 6 a step failed; 7 reboot and run the same command again.
    """
    if do_undo:
        take_back(host_state(), lambda _entry: True, yes=yes)
        return
    if do_apply and (options["machine_file"] or options["sysroot"] != HERE):
        raise click.UsageError("--apply changes this machine; it cannot be used with --machine or --sysroot")
    saved = _only_plan(ctx, options, plan_file, do_apply=do_apply) if plan_file else None
    if saved and not do_apply:
        _write(_locked(saved, profile, own), output, "json" if as_json else kind)
        return
    if do_apply:
        state = host_state()
        waiting = state.waiting()
        recipe = _planned(saved, profile, own, waiting) if saved else waiting or _recipe(own, options, explain=explain)
        ctx.exit(_apply(recipe, state, own, dry_run=dry_run, yes=yes))
    recipe = _recipe(own, options, explain=explain)
    if not explain or output:
        _write(recipe, output, "json" if as_json else kind)


def _recipe(own: Path | None, options: dict[str, Any], *, explain: bool) -> Recipe:
    from gpusetup.facts import facts  # --help needs none of this
    from gpusetup.render.steps import recipe
    from gpusetup.resolve import resolve
    from gpusetup.resolve.host.foreign import in_words, refuse_foreign

    asked = read_asked(facts(), **options)
    if refusal := refuse_foreign(asked, facts()):
        raise RefusedError(*in_words(refusal))
    stack = resolve(suited(asked.request, facts(), options), facts())
    if explain:
        from gpusetup.report.plan import show

        show(stack, explain=True)
    made = recipe(stack, own)
    if asked.machine is None:
        return made
    from msgspec.structs import replace

    from gpusetup.render.origin import origin

    return replace(made, origin=origin(asked.machine))


def _only_plan(ctx: click.Context, options: dict[str, Any], path: Path, *, do_apply: bool) -> PlanFile:
    """Return the plan; raises `click.UsageError` for a saved recipe without --apply, or other options beside it."""
    from gpusetup.cli._locks import plan_file  # --help needs none of this

    saved = plan_file(path)
    if not do_apply and not saved.is_lock:
        raise click.UsageError("--plan needs --apply")
    for name in options:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--plan already contains the request; remove the option for {name.strip('_')}")
    return saved


def _locked(saved: PlanFile, profile: str, own: Path | None) -> Recipe:
    """Return the recipe for a profile of the lock `saved`."""
    from gpusetup.apply.locked_plan import locked_recipe  # --help needs none of this
    from gpusetup.facts import facts

    return locked_recipe(saved.profile(profile), own, facts())


def _planned(saved: PlanFile, profile: str, own: Path | None, waiting: Recipe | None) -> Recipe:
    """Return the recipe for the plan `saved`: the one that was begun, or the one its request gives here."""
    from gpusetup.apply.saved_plan import agreed  # --help needs none of this
    from gpusetup.facts import facts

    recipe = _locked(saved, profile, own) if saved.is_lock else saved.recipe()
    if waiting is not None and waiting.digest == recipe.digest:
        return waiting
    return recipe if saved.is_lock else agreed(recipe, own, facts())


def _write(recipe: Recipe, output: Path | None, kind: str) -> None:
    from gpusetup.render.formats import render
    from gpusetup.value import to_json

    text = to_json(recipe) if kind == "json" else render(recipe, kind, datetime.now(UTC).date().isoformat())
    if text.startswith("#!"):
        deliver(text, output, f"; read it, then run: sudo bash {output}", mode=0o755)
    else:
        deliver(text, output)
    if output is None and sys.stdout.isatty():
        _say_what_next(kind)


def _say_what_next(kind: str) -> None:
    """Say, below a recipe that was printed to a terminal, how it is saved, read and applied."""
    import json
    import shlex

    from gpusetup.cli._streams import notify
    from gpusetup.content_dirs import content_dirs

    ways = json.loads((content_dirs("recipes")[0] / "formats/next.json").read_bytes())
    file, apply = ways.get(kind, ways[""])
    notify("\n── That was the whole recipe; nothing has been changed. Next:")
    for word, command in (
        ("save", shlex.join(["gpusetup", *sys.argv[1:], "--output", file])),
        ("read", f"less {file}"),
        ("apply", apply),
    ):
        notify(f"   {word:6} {command}")


def _apply(recipe: Recipe, state: StateDir, own: Path | None, *, dry_run: bool, yes: bool) -> int:
    """Apply `recipe` and return the exit code."""
    from gpusetup.apply.preconditions import refuse_changed_host, refuse_other_host
    from gpusetup.apply.run import look
    from gpusetup.apply.saved_plan import own_steps

    refuse_other_host(recipe, state.root)
    refuse_changed_host(recipe, state)
    if dry_run:
        for name, done in look(recipe, state).items():
            click.echo(f"{'done ' if done else 'to do'}  {name}")
        return EXIT_FINE
    return carry_out(recipe, state, yes=yes, own=own_steps(recipe, own))
