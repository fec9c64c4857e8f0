"""Chooses one compatible stack, says why, and what would make the impossible possible."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.model import Refusal, Request, Stack


def attempt(request: Request, facts: Facts, today: date | None = None) -> Stack | Refusal:
    """Return the best stack for `request`, or why there is none and what would allow one."""
    from gpusetup.resolve.solve import solve  # only what is asked for is loaded
    from gpusetup.resolve.stack import assemble

    day = today or date.today()
    outcome = solve(request, facts, day)
    if outcome.solution is None:
        from gpusetup.resolve.refusal import refuse

        return refuse(request, facts, day, outcome)
    return assemble(request, outcome.solution, facts, day)


def prepare(facts: Facts) -> None:
    """Load what solving needs, so that it can be done while the driver is asked."""
    from gpusetup.resolve import stack  # noqa: F401 - it is the loading that matters
    from gpusetup.resolve.domains import catalogue

    catalogue(facts).load()


def resolve(request: Request, facts: Facts, today: date | None = None) -> Stack:
    """Return the best stack for `request`; raises `RefusedError` (exit code 4) when there is none."""
    from gpusetup.errors import RefusedError
    from gpusetup.resolve.model import Stack

    result = attempt(request, facts, today)
    if isinstance(result, Stack):
        return result
    because = "; ".join(reason.text for reason in result.because)
    ways = " or ".join(way.text for way in result.ways_out) or "no single change would allow one"
    raise RefusedError(f"no stack fits: {because}", ways)
