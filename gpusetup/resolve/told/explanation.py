"""A solution in words: for every component what decided it, what was rejected by which fact, and alternatives.

Nothing is solved again here. What decided are the results of the constraints that were checked when the variable got
its value; rejected values were recorded by the search; the few other values that are shown are checked once against
the solution.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from gpusetup.resolve.model import Choice, Reason, Rejected
from gpusetup.resolve.solver.problem import Bound, ConstraintResult, Problem
from gpusetup.resolve.solver.search import Lost, Solution

if TYPE_CHECKING:
    from gpusetup.resolve.candidates import Release

ALTERNATIVES = 3
"""How many values ranked below the chosen one are shown."""
REASONS = 6
"""How many different reasons against one value are shown."""

PREFERENCES = {
    "release": "the newest release comes first",
    "torch": "the newest release comes first, and its default variant before the others",
    "tensorflow": "the newest release comes first",
    "jax": "the newest release comes first, and its wheels for the newest CUDA",
    "jax_cudnn": "the newest comes first",
    "environments": "one environment comes before two",
    "cudnn": "the newest comes first",
    "python": "the system's own comes first, then the newest",
    "toolkit": "a toolkit from the repository comes before one in a container, the newest first",
    "compiler": "the system's own comes first",
    "toolkit_cudnn": "the newest comes first",
}
"""By kind of component; that of drivers is the distribution's."""


def choices(solution: Solution) -> tuple[Choice, ...]:
    """Return one choice for every variable except the cards, which are given."""
    return tuple(_choice(solution, place) for place, name in enumerate(solution.problem.names) if _kind(name) != "card")


def _choice(solution: Solution, place: int) -> Choice:
    problem = solution.problem
    for_it = [bound.judge(solution.values) for bound in problem.hard[place]]
    return Choice(
        component=problem.names[place],
        value=str(solution.values[place]),
        reasons=distinct(reason for verdict in for_it for reason in verdict.reasons),
        rejected=tuple(_rejected(solution, place)),
    )


def _rejected(solution: Solution, place: int) -> Iterator[Rejected]:
    """Yield the values ranked above the chosen one, and the next few below it, each with its reasons.

    Values that fail the same constraint are folded into the first of them, with their number.
    """
    problem, lost = solution.problem, solution.lost[place]
    domain = problem.domains[place]
    position = domain.index(solution.values[place])
    instead = list(solution.values)
    alike: dict[str, Rejected] = {}
    others: dict[str, int] = {}
    for rank, value in enumerate(domain[: position + 1 + ALTERNATIVES]):
        recorded = lost.get(value)
        if isinstance(recorded, Bound) and recorded.name in others:  # most values, so without a call
            others[recorded.name] += 1
            continue
        if rank == position:
            continue
        instead[place] = value
        at_once = _at_once(problem, place, instead, recorded)
        if at_once is not None and at_once.name in others:
            others[at_once.name] += 1
            continue
        # constraints it breaks with earlier variables; else what the search recorded; else those with later variables
        if at_once is not None:
            blame = _broken(problem.hard[place], instead)
        else:
            blame = recorded if isinstance(recorded, dict) else _broken(_later(problem, place), instead)
        ruled_out_by = next(iter(blame)).name if blame else str(value)
        if ruled_out_by in others:
            others[ruled_out_by] += 1
            continue
        because = against(blame) if blame else _outranked(solution, place, instead)
        alike[ruled_out_by] = Rejected(value=str(value), because=because, better=rank < position, possible=not blame)
        others[ruled_out_by] = 0
    for name, one in alike.items():
        if one.because:
            yield msgspec.structs.replace(one, others=others[name]) if others[name] else one


def _at_once(problem: Problem, place: int, values: list[Any], recorded: Lost | None) -> Bound | None:
    """Return the first constraint that a value breaks with earlier variables; the search may have recorded it."""
    if recorded is None:
        return problem.clash(place, values)
    return recorded if isinstance(recorded, Bound) else None


def _later(problem: Problem, place: int) -> list[Bound]:
    return [bound for bounds in problem.hard[place + 1 :] for bound in bounds if place in bound.places]


def _broken(bounds: Iterable[Bound], values: list[Any]) -> dict[Bound, ConstraintResult]:
    judged = [(bound, bound.judge(values)) for bound in bounds]
    return {bound: verdict for bound, verdict in judged if not verdict.holds}


def against(blame: dict[Bound, ConstraintResult]) -> tuple[Reason, ...]:
    """Return the different reasons of a conflict, facts before the user's own requests."""
    found = distinct(reason for verdict in blame.values() for reason in verdict.reasons)
    return tuple(sorted(found, key=lambda reason: reason.fact.startswith("request:")))[:REASONS]


def distinct(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the reasons without repetitions, in their order."""
    return tuple({(reason.fact, reason.text): reason for reason in reasons}.values())


def _outranked(solution: Solution, place: int, values: list[Any]) -> tuple[Reason, ...]:
    problem = solution.problem
    judged = [bound.judge(values) for bound in problem.soft[place]]
    worse = distinct(reason for verdict in judged if not verdict.holds for reason in verdict.reasons)
    kind = _kind(problem.names[place])
    release: Release = solution["release"]
    text = release.of.preference if kind == "driver" else PREFERENCES[kind]
    return worse or (Reason(fact=f"preference:{kind}", text=text),)


def _kind(name: str) -> str:
    return name.partition(" ")[0]
