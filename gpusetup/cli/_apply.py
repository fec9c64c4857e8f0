"""Apply and undo recipes on this machine: shared by ``install`` and ``doctor fix``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpusetup.cli._streams import notify
from gpusetup.errors import EXIT_FINE, EXIT_REBOOT, RefusedError
from gpusetup.trust.installation import require_own_strength

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gpusetup.apply.journal import Entry
    from gpusetup.apply.state_dir import StateDir
    from gpusetup.render.model import Recipe, Step


def host_state() -> StateDir:
    """Return this machine's state directory; ``GPUSETUP_ROOT`` is for image roots and tests.

    Raises `RefusedError` where another user could change what root would run.
    """
    require_own_strength()
    from gpusetup.apply.state_dir import StateDir  # --help needs none of this

    return StateDir(Path(os.environ.get("GPUSETUP_ROOT") or "/"))


def carry_out(recipe: Recipe, state: StateDir, *, yes: bool, own: Iterable[Step] = ()) -> int:
    """Apply `recipe` after confirmation, and return the exit code. The text of `own` steps is shown in full first."""
    from gpusetup.apply.preconditions import refuse_changed_host
    from gpusetup.apply.run import apply
    from gpusetup.cli._signals import unwinding

    for step in recipe.steps:
        notify(f"  {step.id}: {step.title}")
    for step in own:
        _show(step)
    confirm("Apply these steps to this machine?", yes=yes)
    refuse_changed_host(recipe, state)  # again: the answer may have taken a day
    with unwinding():
        ending = apply(recipe, state, notify)
    click.echo("all steps are done" if ending == "done" else "reboot now, then run the same command again")
    return EXIT_FINE if ending == "done" else EXIT_REBOOT


def take_back(state: StateDir, ours: Callable[[Entry], bool], *, yes: bool) -> None:
    """Undo, after confirmation, the steps whose last journal entry satisfies `ours`."""
    from gpusetup.apply.run import undo
    from gpusetup.cli._signals import unwinding

    standing = [entry.step for entry in state.journal.standing() if ours(entry)]
    if not standing:
        click.echo("there is nothing to undo")
        return
    confirm(f"Undo {', '.join(standing)}?", yes=yes)
    with unwinding():
        count = undo(state, notify, ours)
    click.echo(f"{count} step{'s' * (count != 1)} undone")


def confirm(question: str, *, yes: bool) -> None:
    """Return when the user confirms; raises `RefusedError` without a terminal to ask on."""
    if not yes and not sys.stdin.isatty():
        raise RefusedError("there is no terminal for the confirmation", "use --yes to go on without it")
    if not yes:
        click.confirm(question, abort=True, err=True)


def _show(step: Step) -> None:
    """Print the shell text of a step that is not built in."""
    notify(f"── {step.id} is your own step, or uses your own functions:")
    for part in ("define", "check", "apply", "undo"):
        text = getattr(step, part)
        for line in (f"{part}:", *(f"    {one}" for one in text.splitlines())) if text else ():
            notify(f"  {line}")
