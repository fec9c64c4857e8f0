"""A profile of a lock is a request with what it gave: the recipe is made anew from it, and must give the same here.

The versions and hashes of the wheels are the profile's own; everything else is compared, and none of its text is run.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.apply.saved_plan import require_known
from gpusetup.errors import RefusedError
from gpusetup.render.model import Recipe
from gpusetup.render.steps import recipe
from gpusetup.resolve.lock import Profile, profile
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.model import Environment, Stack

WHEEL = r"[a-z0-9][a-z0-9-]*==[A-Za-z0-9.+!_-]+(?: --hash=sha256:[0-9a-f]{64})+"
COMPARED = ("distro", "release", "cards", "driver_stays", "driver", "toolkit", "repository")
AGAIN = "lock again with this gpusetup, and review what changes"


def locked_stack(saved: Profile, facts: Facts) -> Stack:
    """Return the stack of a profile, with its wheels; raises `RefusedError`, naming what differs here."""
    from gpusetup.resolve import resolve  # start-up time

    if saved.request is None:
        raise RefusedError("this profile has no request: it was written before locks could be applied", AGAIN)
    require_known(saved.request, facts)
    stack = resolve(saved.request, facts)
    if found := _differences(saved, profile(stack, facts)):
        raise RefusedError(f"this profile differs from what its request gives here: {'; '.join(found)}", AGAIN)
    pairs = zip(stack.environments, saved.environment, strict=True)
    return replace(stack, environments=tuple(_with_wheels(made, kept) for made, kept in pairs))


def locked_recipe(saved: Profile, own: Path | None, facts: Facts) -> Recipe:
    """Return the recipe that installs exactly what a profile has."""
    return recipe(locked_stack(saved, facts), own)


def _differences(saved: Profile, made: Profile) -> list[str]:
    found = [name.replace("_", " ") for name in COMPARED if getattr(saved, name) != getattr(made, name)]
    if [_bare(one) for one in saved.environment] != [_bare(one) for one in made.environment]:
        found.append("environments")
    return found


def _bare(environment: Environment) -> object:
    """Return what of an environment does not depend on the day: the tables learn hashes."""
    texts = tuple((one.text, one.index) for one in environment.requirements)
    return (environment.name, environment.python, environment.python_packages, environment.frameworks, texts)


def _with_wheels(made: Environment, kept: Environment) -> Environment:
    for line in kept.wheels:
        if not re.fullmatch(WHEEL, line):
            raise RefusedError(f"the profile's line {neutral(line)[:80]!r} is no wheel with a hash", AGAIN)
    return replace(made, wheels=kept.wheels)
