"""``gpusetup.lock``: stacks by hardware profile, with every version, hash and key fingerprint."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from gpusetup import __version__
from gpusetup.errors import WrongInputError
from gpusetup.files import read
from gpusetup.resolve.locked_requirements import LockedEnvironment, locked
from gpusetup.resolve.model import Card, HostDriver, Repository, Stack, Toolkit
from gpusetup.resolve.toml import to_toml
from gpusetup.value import Value

if TYPE_CHECKING:
    from gpusetup.facts import Facts


MOST = 4 << 20
"""Bytes of a lock; one with ten profiles has a hundred thousand."""


class Profile(Value):
    """One stack, and by component the ids of the facts that decided it."""

    distro: str
    release: str
    cards: tuple[Card, ...]
    driver_stays: str = ""
    """The driver that was already installed and stays; "" when the recipe installs one, or none is needed."""
    driver: HostDriver | None = None
    toolkit: Toolkit
    environment: tuple[LockedEnvironment, ...]
    repository: tuple[Repository, ...]
    facts: dict[str, tuple[str, ...]]


class Lock(Value):
    """The stacks of one project, by hardware profile."""

    version: Literal[1] = 1
    gpusetup: str
    """The version that wrote it."""
    profile: dict[str, Profile]


def profile_name(stack: Stack) -> str:
    """Return a name for the hardware a stack is for: ``geforce-gtx-1050-mobile-fedora-44``."""
    words = [*(card.name for card in stack.request.cards), stack.request.distro, stack.release]
    if not stack.request.cards:
        words.insert(0, "gpu" if stack.toolkit.via != "none" else "cpu")
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")


def profile(stack: Stack, facts: Facts) -> Profile:
    """Return the profile that pins `stack`, with the hashes of its wheels that the tables have."""
    return Profile(
        distro=stack.request.distro,
        release=stack.release,
        cards=stack.request.cards,
        driver_stays=stack.staying_driver,
        driver=stack.driver,
        toolkit=stack.toolkit,
        environment=tuple(locked(environment, facts) for environment in stack.environments),
        repository=stack.repositories,
        facts={one.component: tuple(dict.fromkeys(reason.fact for reason in one.reasons)) for one in stack.choices},
    )


def with_profile(existing: Lock | None, name: str, added: Profile) -> Lock:
    """Return `existing` with `added` under `name`."""
    profiles = (existing.profile if existing else {}) | {name: added}
    return Lock(gpusetup=__version__, profile=dict(sorted(profiles.items())))


def dump(lock: Lock) -> str:
    """Return `lock` as TOML."""
    return to_toml(msgspec.to_builtins(lock))


def load(path: Path) -> Lock:
    """Read a lock; raises `WrongInputError` when the file cannot be read or is not a lock."""
    import tomllib  # only needed for an existing lock

    try:
        return msgspec.convert(tomllib.loads(read(path, "the lock", MOST).decode()), Lock)
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        raise WrongInputError(f"{path} is not a gpusetup lock: {error}", "write to another file") from error
