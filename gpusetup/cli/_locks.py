"""Locks on the command line: what an option names, and a machine beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpusetup.errors import EXIT_FINE, EXIT_PROBLEMS, CannotLookError

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine
    from gpusetup.resolve.lock import Profile
    from gpusetup.resolve.model import Stack


def is_lock(path: Path) -> bool:
    """Say whether a plan's file is a lock: a saved recipe is JSON."""
    from gpusetup.files import read  # --help needs none of it
    from gpusetup.resolve.lock import MOST

    return not read(path, "the plan", MOST).lstrip().startswith(b"{")


def profile_in(path: Path, name: str) -> tuple[str, Profile]:
    """Return the name and the profile that is wanted of the lock at `path`."""
    from gpusetup.resolve import lock

    return lock.chosen(lock.load(path), name, path)


def compare(machine: Machine, path: str, name: str, *, as_json: bool) -> int:
    """Print what differs from the lock, and return the exit code: 1 where something does, 3 where it was not read."""
    from gpusetup.facts import facts
    from gpusetup.report.drift import show
    from gpusetup.resolve.drift import Drifts, drifts
    from gpusetup.value import to_json

    called, locked = profile_in(Path(path), name)
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
    from gpusetup.packages.resolver import find_uv

    return with_wheels(stack, facts(), find_uv())


def exported(stack: Stack, form: str) -> str:
    """Return the one environment of `stack` as another tool reads it."""
    from gpusetup.facts import facts
    from gpusetup.packages.exports import export
    from gpusetup.packages.locked import resolved
    from gpusetup.packages.resolver import find_uv

    uv = find_uv()
    return export(stack, form, lambda environment: resolved(environment, stack, facts(), uv))
