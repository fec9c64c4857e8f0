"""A solution in words: for every component what decided it, what lost and by which fact, what would also do.

Nothing is solved again here. What decided are the verdicts of the constraints that were judged when the variable got
its value; what lost was recorded by the search; the few other values that are told are judged once against the
solution as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from gpusetup.resolve.model import Choice, Reason, Rejected
from gpusetup.resolve.problem import Bound, Verdict
from gpusetup.resolve.search import Solution

ALTERNATIVES = 3
"""How many values below the chosen one are told."""
REASONS = 6
"""How many different reasons against one value are told."""

PREFERENCES = {
    "release": "the newest release comes first",
    "driver": "RPM Fusion's main packages come first, then its legacy ones, then NVIDIA's; open modules first",
    "torch": "the newest release comes first, and its default variant before the others",
    "tensorflow": "the newest release comes first",
    "environments": "one environment comes before two",
    "cudnn": "the newest comes first",
    "python": "the system's own comes first, then the newest",
    "toolkit": "a toolkit from the repository comes before one in a container, the newest first",
    "compiler": "the system's own comes first",
    "toolkit_cudnn": "the newest comes first",
}


def choices(solution: Solution) -> tuple[Choice, ...]:
    """Return one choice for every variable that had something to choose."""
    return tuple(_choice(solution, place) for place, name in enumerate(solution.problem.names) if _kind(name) != "card")


def _choice(solution: Solution, place: int) -> Choice:
    problem = solution.problem
    for_it = [problem.judge(bound, solution.values) for bound in problem.hard[place]]
    return Choice(
        component=problem.names[place],
        value=str(solution.values[place]),
        reasons=distinct(reason for verdict in for_it for reason in verdict.reasons),
        rejected=tuple(_rejected(solution, place)),
    )


def _rejected(solution: Solution, place: int) -> Iterator[Rejected]:
    """Yield what stands before the chosen value in its domain, and the next few after it, each with its reasons.

    Values that fall to the same constraint are told once, by the first of them, with their number.
    """
    domain, chosen = solution.problem.domains[place], solution.values[place]
    position = domain.index(chosen)
    lost = {id(one.value): one.blame for one in solution.lost[place]}
    alike: dict[str, Rejected] = {}
    for rank, value in enumerate(domain[: position + 1 + ALTERNATIVES]):
        if rank == position:
            continue
        instead = [*solution.values[:place], value, *solution.values[place + 1 :]]
        blame = _broken(solution, place, instead) or lost.get(id(value), {})
        ruled_out_by = next((bound.constraint.name for bound in blame), str(value))
        if ruled_out_by in alike:
            same = alike[ruled_out_by]
            alike[ruled_out_by] = msgspec.structs.replace(same, others=same.others + 1)
            continue
        because = against(blame) if blame else _outranked(solution, place, instead)
        alike[ruled_out_by] = Rejected(value=str(value), because=because, better=rank < position, possible=not blame)
    yield from (one for one in alike.values() if one.because)


def against(blame: dict[Bound, Verdict]) -> tuple[Reason, ...]:
    """Return the different reasons of a conflict, facts before the user's own wishes."""
    found = distinct(reason for verdict in blame.values() for reason in verdict.reasons)
    return tuple(sorted(found, key=lambda reason: reason.fact.startswith("request:")))[:REASONS]


def distinct(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the reasons without repetitions, in their order."""
    return tuple({(reason.fact, reason.text): reason for reason in reasons}.values())


def _broken(solution: Solution, place: int, values: list[Any]) -> dict[Bound, Verdict]:
    """Return what a value breaks of what was decided before it; if nothing, of what was decided after it."""
    problem = solution.problem
    for bounds in (problem.hard[place], [one for some in problem.hard[place + 1 :] for one in some]):
        judged = ((bound, problem.judge(bound, values)) for bound in bounds if place in bound.places)
        broken = {bound: verdict for bound, verdict in judged if not verdict.holds}
        if broken:
            return broken
    return {}


def _outranked(solution: Solution, place: int, values: list[Any]) -> tuple[Reason, ...]:
    problem = solution.problem
    judged = [problem.judge(bound, values) for bound in problem.soft[place]]
    worse = distinct(reason for verdict in judged if not verdict.holds for reason in verdict.reasons)
    kind = _kind(problem.names[place])
    return worse or (Reason(fact=f"preference:{kind}", text=PREFERENCES[kind]),)


def _kind(name: str) -> str:
    return name.partition(" ")[0]
