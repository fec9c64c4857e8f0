"""The two sides of an upgrade: from a lock's profile, from a stack, from folders of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.distributions import normal
from gpusetup.resolve.upgrades.model import Held, Side

if TYPE_CHECKING:
    from gpusetup.resolve.lock import Profile
    from gpusetup.resolve.model import Environment, Stack


def of_profile(locked: Profile) -> Side:
    """Return what a profile of a lock has."""
    driver = locked.driver.version if locked.driver else locked.driver_stays
    return Side(driver=driver, environments=tuple(map(held, locked.environment)))


def of_stack(stack: Stack) -> Side:
    """Return what a stack will have."""
    driver = stack.driver.version if stack.driver else stack.staying_driver
    return Side(driver=driver, environments=tuple(map(held, stack.environments)))


def held(environment: Environment) -> Held:
    """Return what an environment of a plan holds: every wheel where those are known, else its own requirements."""
    lines = environment.wheels or tuple(one.text for one in environment.requirements)
    return Held(
        name=environment.name,
        python=environment.python,
        cuda=environment.cuda,
        driver_floor=environment.driver_floor,
        packages=versions(lines),
        whole=bool(environment.wheels),
        asked=tuple(versions(tuple(one.text for one in environment.requirements))),
    )


def versions(lines: tuple[str, ...]) -> dict[str, str]:
    """Return name → version of exact requirements, with or without hashes."""
    pairs = (line.partition(" ")[0].partition("==") for line in lines)
    return {normal(name.partition("[")[0]): version for name, sign, version in pairs if sign}
