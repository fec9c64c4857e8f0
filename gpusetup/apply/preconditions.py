"""Refuse to apply a recipe to a system other than the planned one, or to one that has changed since."""

from __future__ import annotations

from pathlib import Path

from gpusetup.apply.state_dir import StateDir
from gpusetup.errors import RefusedError
from gpusetup.machine.host import Host
from gpusetup.machine.model import Unread
from gpusetup.machine.read import read
from gpusetup.machine.system.operating_system import read_system
from gpusetup.render.model import Recipe
from gpusetup.render.origin import changes, origin
from gpusetup.text import neutral

DEADLINE = 10.0
"""Timeout for the driver's answers, in seconds."""


def refuse_other_host(recipe: Recipe, root: Path) -> None:
    """Raise `RefusedError` unless the system under `root` is the recipe's distribution and release."""
    system = read_system(Host(root))
    wanted = f"{recipe.distro} {recipe.release}".strip()
    distro = "unknown" if isinstance(system.distro, Unread) else system.distro
    release = "" if isinstance(system.release, Unread) else system.release  # a rolling distribution has none
    found = f"{distro} {release}".strip()
    if found != wanted:
        raise RefusedError(
            f"this recipe is for {wanted}, but this system is {neutral(found)}",
            "write it to a file with --output and run it on the target",
        )


def refuse_changed_host(recipe: Recipe, state: StateDir) -> None:
    """Raise `RefusedError`, naming the differences, unless the host is unchanged since the recipe was planned.

    What the recipe itself changes (the kernel after a reboot, the driver) may differ once it has been started here.
    """
    if recipe.origin is None:
        return
    begun = any(entry.recipe == recipe.digest for entry in state.journal.standing())
    found = changes(recipe.origin, origin(read(state.root, DEADLINE)), begun=begun)
    if found:
        raise RefusedError(
            f"this machine has changed since the recipe was planned: {neutral('; '.join(found))}",
            ("undo what was started (gpusetup install --undo), and " if begun else "") + "plan again",
        )
