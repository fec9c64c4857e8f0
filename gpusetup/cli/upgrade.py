"""``gpusetup upgrade``: from what there is to the newest stack for the same wishes, rehearsed before the switch."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from gpusetup.cli._apply import confirm
from gpusetup.cli._command import section
from gpusetup.cli._deliver import deliver
from gpusetup.cli._options import as_json
from gpusetup.cli._output import OUTPUT
from gpusetup.cli._reading import HERE
from gpusetup.cli._request import NAMES as REQUEST
from gpusetup.cli._request import again, request_options
from gpusetup.cli._subcommands import Family, Subcommand
from gpusetup.errors import RefusedError

if TYPE_CHECKING:
    from gpusetup.cli._upgrade import Proving
    from gpusetup.resolve.upgrades.model import Upgrade

_FILE = click.Path(path_type=Path)
LOCKS = ("origin", "profile", "to")
SUBCOMMANDS = (
    Subcommand("apply", "Build the new environments beside the old, prove them, and switch.", "do_apply",
               (*REQUEST, *LOCKS, "output", "folder"), ("yes", "prove", "test")),
    Subcommand("undo", "Switch back to what was there before the last upgrade.", "do_undo", ("folder",), ("yes",)),
    Subcommand("clean", "Remove the environments that nothing leads to any more.", "do_clean", ("folder",), ("yes",)),
)  # fmt: skip


@click.command(cls=Family, subcommands=SUBCOMMANDS)
@section(
    "From and to",
    click.option("--from", "origin", type=_FILE, metavar="LOCK",
                 help="Start from this gpusetup.lock, and plan for the same wishes; other options add to them.  "
                      "[default: the environments of this machine]"),
    click.option("--profile", default="", metavar="NAME", help="Profile of the lock.  [default: the only one]"),
    click.option("--to", type=_FILE, metavar="LOCK", help="Go to exactly this lock, instead of the newest plan."),
    click.option("--folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
                 help="Folder of the environments.  [default: ~/gpusetup, root's /opt/gpusetup]"),
)  # fmt: skip
@request_options
@section(
    "Output",
    click.option("--explain", is_flag=True, help="Show every package and every source."),
    as_json,
    click.option("--output", "-o", type=OUTPUT, metavar="FILE", help="Write the new lock to FILE."),
)
@click.option("--apply", "do_apply", is_flag=True)
@click.option("--undo", "do_undo", is_flag=True)
@click.option("--clean", "do_clean", is_flag=True)
@section(
    "Applying",
    click.option("--prove", type=click.Choice(["quick", "full", "import"]), default="quick", show_default=True,
                 help="The self-test that has to pass in the new environment; `import` only imports the frameworks."),
    click.option("--test", default="", metavar="COMMAND",
                 help="A test of your own that has to pass as well, run with the new environment first on PATH."),
    click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation."),
)  # fmt: skip
@click.pass_context
def upgrade(
    ctx: click.Context, /, *, origin: Path | None, profile: str, to: Path | None, explain: bool, as_json: bool,
    output: Path | None, do_apply: bool, do_undo: bool, do_clean: bool, folder: Path | None, prove: str,
    test: str, yes: bool, **options: Any,
) -> None:  # fmt: skip
    """Say what the newest stack for the same wishes would change, and what is at risk; change nothing.

    `gpusetup upgrade apply` builds each new environment beside the old one, runs the self-test in both, and only then
    switches, in one step; a run that was killed continues. Exit code: 0 done, or nothing to do; 4 refused; 6 building
    or the self-test failed, and nothing was switched.
    """
    if do_undo or do_clean:
        (_undo if do_undo else _clean)(folder, yes=yes)
        return
    if do_apply and (options["machine_file"] or options["sysroot"] != HERE):
        raise click.UsageError("--apply changes this machine; it cannot be used with --machine or --sysroot")
    from gpusetup.cli._upgrade_plan import find, new_lock

    found = find(origin, profile, to, folder, options, given=_given(ctx))
    if output is not None:
        deliver(new_lock(found, origin, profile, output, datetime.now(UTC).date().isoformat()), output)
    if not do_apply:
        _show(ctx, found, explain=explain, as_json=as_json)
        return
    from gpusetup.cli._upgrade import Proving

    _apply(found, options, folder, Proving(how=prove, command=test), yes=yes)


def _given(ctx: click.Context) -> frozenset[str]:
    """Return the options of the request that were given."""
    return frozenset(name for name in REQUEST if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE)


def _show(ctx: click.Context, found: Upgrade, *, explain: bool, as_json: bool) -> None:
    if as_json:
        from gpusetup.value import to_json

        click.echo(to_json(found), nl=False)
        return
    import shlex

    from gpusetup.report.upgrade import show

    named = (*LOCKS, "folder")
    locks = (f"{param.opts[-1]} {shlex.quote(str(ctx.params[param.name]))}" for param in ctx.command.params
             if param.name in named and ctx.params[param.name])  # fmt: skip
    following = " ".join(("gpusetup upgrade apply", *locks, *again(ctx)))
    show(found, explain=explain, following=f"`{following}`")


def _apply(found: Upgrade, options: dict[str, Any], folder: Path | None, proving: Proving, *, yes: bool) -> None:
    from gpusetup.cli._signals import unwinding
    from gpusetup.cli._streams import notify
    from gpusetup.cli._upgrade import environments_folder, upgrade_all
    from gpusetup.cli._upgrade_plan import read
    from gpusetup.facts import facts
    from gpusetup.resolve.upgrades.fits import unfit
    from gpusetup.trust.installation import require_own_strength

    require_own_strength()
    reason, remedy = unfit(found.stack, read(options), facts())
    if reason:
        raise RefusedError(reason, remedy)
    place = environments_folder(folder)
    for one in found.changes:
        notify(f"  {one.component}: {one.now or 'none'} → {one.after or 'none'}")
    for risk in found.risks:
        if risk.kind in ("lost", "defect"):
            notify(f"  ! {risk.component}: {risk.text}")
    confirm(f"Build these environments in {place}, prove them, and switch?", yes=yes)
    with unwinding():
        switched = upgrade_all(found.stack, place, proving)
    if switched:
        click.echo(f"switched: {', '.join(switched)}; `gpusetup upgrade undo` goes back")
    else:
        click.echo("nothing to do")


def _undo(folder: Path | None, *, yes: bool) -> None:
    from gpusetup.apply.generations.folders import places_in
    from gpusetup.apply.generations.history import History
    from gpusetup.apply.generations.rehearsal import undo
    from gpusetup.cli._streams import notify
    from gpusetup.cli._upgrade import environments_folder

    standing = [one for one in places_in(environments_folder(folder)) if History(one).standing()]
    if not standing:
        click.echo("there is nothing to undo")
        return
    confirm(f"Switch {', '.join(str(one.folder) for one in standing)} back?", yes=yes)
    for place in standing:
        click.echo(f"{place.folder}: back to {undo(place, notify) or 'nothing'}")


def _clean(folder: Path | None, *, yes: bool) -> None:
    from gpusetup.apply.generations.folders import places_in
    from gpusetup.apply.generations.rehearsal import clean, unused
    from gpusetup.cli._upgrade import environments_folder

    places = places_in(environments_folder(folder))
    gone = [str(folder) for place in places for folder in unused(place)]
    if not gone:
        click.echo("there is nothing to remove")
        return
    confirm(f"Remove {', '.join(gone)}, with all that is in them?", yes=yes)
    for place in places:
        for one in clean(place):
            click.echo(f"removed {one}")
