"""Refuses to apply a recipe to another system than the one it was made for."""

from __future__ import annotations

from pathlib import Path

from gpusetup.errors import RefusedError
from gpusetup.machine.host import Host
from gpusetup.machine.model import Unread
from gpusetup.machine.system.operating_system import read_system
from gpusetup.render.model import Recipe
from gpusetup.report.console import neutral


def refuse_other_host(recipe: Recipe, root: Path) -> None:
    """Raise `RefusedError` unless the system under `root` is the recipe's distribution and release."""
    system = read_system(Host(root))
    wanted = f"{recipe.distro} {recipe.release}".strip()
    distro = "unknown" if isinstance(system.distro, Unread) else system.distro
    release = "" if isinstance(system.release, Unread) else system.release  # a rolling distribution has none
    found = f"{distro} {release}".strip()
    if found != wanted:
        raise RefusedError(
            f"this recipe is for {wanted}, and this system is {neutral(found)}",
            "print it with --output and run it where it belongs",
        )
