"""Chooses one compatible stack, explains the choice, and finds what would make an impossible request possible."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.model import Refusal, Request, Stack


def attempt(request: Request, facts: Facts, today: date | None = None) -> Stack | Refusal:
    """Return the best stack for `request`, or why none is possible and what would allow one."""
    from gpusetup.resolve.chosen.stack import assemble
    from gpusetup.resolve.solver.solve import solve  # `gpusetup --help` must not load the solver

    day = today or date.today()
    request = completed(request, facts)
    if request.environments:
        from gpusetup.resolve.asked.named import together

        return together(request, lambda one: attempt(one, facts, day))
    outcome = solve(request, facts, day)
    if outcome.solution is None:
        from gpusetup.resolve.told.refusal import refuse

        return refuse(request, facts, day, outcome)
    return assemble(request, outcome.solution, facts, day)


def completed(request: Request, facts: Facts) -> Request:
    """Return `request` with its distribution named: the first one in the tables where it names none."""
    if request.distro:
        return request
    from msgspec.structs import replace

    from gpusetup.facts import systems

    return replace(request, distro=systems.distribution(facts).name)


def prepare(facts: Facts) -> None:
    """Import and build what solving needs; called while the driver is being read in a child process."""
    from gpusetup.resolve.chosen import stack  # noqa: F401 - imported for its side effect
    from gpusetup.resolve.domains import catalogue

    catalogue(facts).load()


def resolve(request: Request, facts: Facts, today: date | None = None) -> Stack:
    """Return the best stack for `request`; raises `RefusedError` (exit code 4) when none is possible."""
    from gpusetup.errors import RefusedError
    from gpusetup.resolve.model import Stack

    result = attempt(request, facts, today)
    if isinstance(result, Stack):
        return result
    because = "; ".join(reason.text for reason in result.because)
    ways = " or ".join(way.text for way in result.ways_out) or "no single change would allow one"
    raise RefusedError(f"no stack is possible: {because}", ways)
