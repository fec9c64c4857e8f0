"""Locked requirements: the wheel that each requirement resolves to, with its SHA-256."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

from gpusetup.resolve.model import Environment, Requirement

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.wheels import Wheel


class LockedRequirement(Requirement):
    """One requirement and its wheel, or the reason why the wheel's hash is not known.

    Only the plan's own requirements are here: their dependencies have no hash in the lock.
    """

    file: str | None = None
    fact: str | None = None
    """The id of the row with file and hash."""
    without_hash: str | None = None


class LockedEnvironment(Environment):
    """One environment whose requirements are locked."""

    requirements: tuple[LockedRequirement, ...]


def locked(environment: Environment, facts: Facts) -> LockedEnvironment:
    """Return `environment` with the hashes that the table of wheels has for its Python."""
    requirements = tuple(_locked(one, environment.python, facts) for one in environment.requirements)
    return LockedEnvironment(**msgspec.structs.asdict(environment) | {"requirements": requirements})


def wheel_of(requirement: Requirement, python: str, facts: Facts) -> Wheel | None:
    """Return the row of the wheel that `requirement` resolves to under `python`, or None."""
    if requirement.index:
        return None
    package, release = _exact(requirement.text)
    rows = _wheels(facts).get((package, release), ())
    return next((row for row in rows if row.python in ("", python)), None)


@functools.lru_cache(maxsize=4)
def _wheels(facts: Facts) -> dict[tuple[str, str], list[Wheel]]:
    found: dict[tuple[str, str], list[Wheel]] = {}
    for row in facts.wheel:
        if row.machine == "x86_64":  # for aarch64 PyTorch's own index is used
            found.setdefault((row.package, row.release), []).append(row)
    return found


def _locked(requirement: Requirement, python: str, facts: Facts) -> LockedRequirement:
    text, index = requirement.text, requirement.index
    if index:
        why = "its wheel comes from PyTorch's own index, whose hashes are not in the facts"
        return LockedRequirement(text=text, index=index, without_hash=why)
    if "==" not in text:
        return LockedRequirement(text=text, without_hash="it names no version: plan --wheels locks every wheel")
    row = wheel_of(requirement, python, facts)
    if row is None:
        return LockedRequirement(
            text=text, without_hash=f"the hash of its wheel for Python {python} is not in the facts"
        )
    return LockedRequirement(text=text, file=row.file, sha256=row.sha256, fact=row.id)


def _exact(text: str) -> tuple[str, str]:
    """Return name and version of a requirement on one version, ``tensorflow[and-cuda]==2.21.0``."""
    name, _, version = text.partition("==")
    return name.partition("[")[0], version
