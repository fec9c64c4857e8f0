"""Everything that the environments of a stack will hold: each wheel, those of dependencies too, with its SHA-256."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.errors import CannotLookError
from gpusetup.facts import systems
from gpusetup.packages.fit.question import question
from gpusetup.packages.model import Rejection, Resolution
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.packages.resolver import Resolve
    from gpusetup.resolve.model import Environment, Stack


def with_wheels(stack: Stack, facts: Facts, resolve: Resolve) -> Stack:
    """Return `stack` with every wheel of its environments; raises `CannotLookError` where one has no hash."""
    made = (replace(one, wheels=tuple(lines(resolved(one, stack, facts, resolve)))) for one in stack.environments)
    return replace(stack, environments=tuple(made))


def resolved(environment: Environment, stack: Stack, facts: Facts, resolve: Resolve) -> Resolution:
    """Return what an environment resolves to; raises `CannotLookError` for no answer, and for a refusal."""
    wanted = tuple(one.text for one in environment.requirements)
    without = [one.name for one in environment.built]
    answer = resolve(
        question(
            stack.request,
            environment,
            systems.glibc(facts, stack.request.distro, stack.release),
            wanted,
            without=without,
        )
    )
    if isinstance(answer, Rejection):
        why = f"{answer.index} did not answer" if answer.index else " ".join(answer.text.split())[:300]
        raise CannotLookError(f"the wheels of the environment {environment.name} cannot be listed: {neutral(why)}",
                              "lock where every index answers")  # fmt: skip
    return answer


def lines(found: Resolution) -> list[str]:
    """Return pip's line for each wheel, by name: ``numpy==2.5.0 --hash=sha256:…``."""
    made = []
    for one in sorted(found.packages, key=lambda one: one.name):
        hashes = [f"--hash=sha256:{file.sha256}" for file in one.files if file.sha256]
        if not hashes:
            raise CannotLookError(f"the index gives no SHA-256 for {neutral(one.name)} {neutral(one.version)}")
        made.append(" ".join((f"{one.name}=={one.version}", *hashes)))
    return made
