"""What a stack allows a framework to be, as constraints for a resolver: one release, or all that have a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.distributions import normal, required
from gpusetup.resolve.model import Stack
from gpusetup.versions import dotted

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.model import Environment, Refusal, Request

Solve = Callable[["Request"], "Stack | Refusal"]
PACKAGES = {"torch": ("torch",), "tensorflow": ("tensorflow", "tensorflow-cpu"), "jax": ("jax",)}
"""The distributions that are a framework."""
NEVER = "0"
"""A version that no release of a framework has."""


def framework_of(name: str) -> str:
    """Return the framework that a distribution is, "" for none."""
    return next((one for one, names in PACKAGES.items() if normal(name) in names), "")


def exact(environment: Environment) -> Iterator[str]:
    """Yield the requirements of an environment as constraints, which have no extras (PEP 508 in pip's constraints)."""
    for one in environment.requirements:
        name, sign, version = one.text.partition("==")
        if one.text != required(one.text):
            yield f"{normal(name)}=={version}" if sign else one.text


def releases(facts: Facts, framework: str) -> list[str]:
    """Return the releases of a framework that the tables know, newest first."""
    return sorted((row.release for row in getattr(facts, framework)), key=dotted, reverse=True)


def possible(request: Request, facts: Facts, framework: str, solve: Solve) -> list[str]:
    """Return the releases with which `request` has a stack, newest first."""
    every = releases(facts, framework)
    return [one for one in every if isinstance(solve(replace(request, **{framework: one})), Stack)]


def ranged(facts: Facts, framework: str, may: list[str], never: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield constraints that leave a resolver the releases in `may` alone, as far as the tables know any."""
    if not may:
        yield f"{framework}=={NEVER}"
        return
    newest, oldest = dotted(may[0]), dotted(may[-1])
    between = [one for one in releases(facts, framework) if oldest <= dotted(one) <= newest and one not in may]
    without = "".join(f",!={one}" for one in (*between, *never))
    yield f"{framework}>={may[-1]},<={may[0]}{without}"
