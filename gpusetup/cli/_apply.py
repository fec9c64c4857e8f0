"""What the commands share that carry out a recipe on this machine, or take one back."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpusetup.cli._streams import tell
from gpusetup.errors import EXIT_FINE, EXIT_REBOOT, RefusedError
from gpusetup.trust.installation import require_own_strength

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gpusetup.apply.journal import Entry
    from gpusetup.apply.state_dir import StateDir
    from gpusetup.render.model import Recipe, Step


def host_place() -> StateDir:
    """Return where this machine keeps its journal; ``GPUSETUP_ROOT`` is for image roots and tests.

    Raises `RefusedError` where somebody else could change what root would do there.
    """
    require_own_strength()
    from gpusetup.apply.state_dir import StateDir  # --help needs none of this

    return StateDir(Path(os.environ.get("GPUSETUP_ROOT") or "/"))


def carry_out(recipe: Recipe, place: StateDir, *, yes: bool, own: Iterable[Step] = ()) -> int:
    """Do the steps of `recipe` after asking, and return the exit code. What `own` steps would run is shown in full."""
    from gpusetup.apply.preconditions import refuse_changed_host
    from gpusetup.apply.run import apply
    from gpusetup.cli._signals import unwinding

    for step in recipe.steps:
        tell(f"  {step.id}: {step.title}")
    for step in own:
        _show(step)
    confirm("Do these steps on this machine?", yes=yes)
    refuse_changed_host(recipe, place)  # whoever is asked may take a day to answer
    with unwinding():
        ending = apply(recipe, place, tell)
    click.echo("all steps are done" if ending == "done" else "reboot now, then give the same command again")
    return EXIT_FINE if ending == "done" else EXIT_REBOOT


def take_back(place: StateDir, ours: Callable[[Entry], bool], *, yes: bool) -> None:
    """Undo, after asking, the steps whose last entry in the journal is `ours`."""
    from gpusetup.apply.run import undo
    from gpusetup.cli._signals import unwinding

    standing = [entry.step for entry in place.journal.standing() if ours(entry)]
    if not standing:
        click.echo("there is nothing to take back")
        return
    confirm(f"Take back {', '.join(standing)}?", yes=yes)
    with unwinding():
        count = undo(place, tell, ours)
    click.echo(f"{count} steps are taken back")


def confirm(question: str, *, yes: bool) -> None:
    """Go on when the user says so; raises `RefusedError` where there is nobody to ask."""
    if not yes and not sys.stdin.isatty():
        raise RefusedError("there is no terminal to ask on", "give --yes to go on without a question")
    if not yes:
        click.confirm(question, abort=True, err=True)


def _show(step: Step) -> None:
    """Print the text of a step that is not one of ours, as it would be run."""
    tell(f"── {step.id} is a step of your own, or depends on a function of your own:")
    for part in ("define", "check", "apply", "undo"):
        text = getattr(step, part)
        for line in (f"{part}:", *(f"    {one}" for one in text.splitlines())) if text else ():
            tell(f"  {line}")
