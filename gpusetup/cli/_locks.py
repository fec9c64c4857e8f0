"""Plans in files on the command line, locks among them: what an option names, and a machine beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from gpusetup.cli._streams import notify
from gpusetup.errors import EXIT_FINE, EXIT_PROBLEMS, CannotLookError
from gpusetup.files import read
from gpusetup.resolve import lock
from gpusetup.text import neutral
from gpusetup.value import decoded

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine
    from gpusetup.render.model import Recipe
    from gpusetup.resolve.model import Stack


class PlanFile(msgspec.Struct, frozen=True):
    """The content of a plan's file, which is read once: it may be a pipe."""

    path: Path
    raw: bytes

    @property
    def is_lock(self) -> bool:
        """Whether it is a lock: a saved recipe is JSON."""
        return not self.raw.lstrip().startswith(b"{")

    def profile(self, name: str) -> lock.Profile:
        """Return the profile `name` of the lock, or the only one."""
        return lock.chosen(lock.parse(self.raw, self.path), name, self.path)[1]

    def recipe(self) -> Recipe:
        """Return the saved recipe."""
        from gpusetup.render.model import Recipe  # a lock has none

        return decoded(self.raw, Recipe, self.path)


def plan_file(path: Path) -> PlanFile:
    """Read a plan's file; raises `WrongInputError` when it cannot be read."""
    return PlanFile(path, read(path, "the plan", lock.MOST))


def compare(machine: Machine, path: str, name: str, *, as_json: bool) -> int:
    """Print what differs from the lock, and return the exit code: 1 where something does, 3 where it was not read."""
    from gpusetup.facts import facts
    from gpusetup.report.drift import show
    from gpusetup.resolve.host.drift import Drifts, drifts
    from gpusetup.value import to_json

    called, locked = lock.chosen(lock.load(Path(path)), name, Path(path))
    found = Drifts(profile=called, drifts=drifts(locked, machine, facts()))
    click.echo(to_json(found), nl=False) if as_json else show(found)
    weights = {one.weight for one in found.drifts}
    if weights == {"unknown"}:
        return CannotLookError.exit_code
    return EXIT_PROBLEMS if weights else EXIT_FINE


def every_wheel(stack: Stack) -> Stack:
    """Return `stack` with every wheel of its environments and its SHA-256."""
    from gpusetup.facts import facts
    from gpusetup.packages.locked import with_wheels
    from gpusetup.packages.resolver import find_resolver

    return with_wheels(stack, facts(), find_resolver())


def exported(stack: Stack, form: str) -> str:
    """Return the one environment of `stack` as another tool reads it."""
    from gpusetup.facts import facts
    from gpusetup.packages.exports import export
    from gpusetup.packages.locked import resolved
    from gpusetup.packages.resolver import find_resolver

    for environment in stack.environments:
        for one in environment.built:
            how = "" if one.isolated else " --no-build-isolation"
            notify(f"note: {neutral(one.text)} has no wheel, so it is not in the file; afterwards: pip install{how}")
    resolver = find_resolver()
    return export(stack, form, lambda environment: resolved(environment, stack, facts(), resolver))
