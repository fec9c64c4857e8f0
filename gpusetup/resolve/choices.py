"""A solution in words: for every component what decided it, what lost and by which fact, what would also do.

Nothing is solved again here. What decided are the verdicts of the constraints that were judged when the variable got
its value; what lost was recorded by the search; of the values that rank lower, the next few are judged once against
the solution as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gpusetup.resolve.model import Choice, Reason, Rejected
from gpusetup.resolve.problem import Bound, Verdict
from gpusetup.resolve.search import Lost, Solution, rank

ALTERNATIVES = 3
"""How many values below the chosen one are told."""
REASONS = 4
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
        rejected=(*_lost(solution.lost[place]), *_lower(solution, place)),
    )


def _lost(lost: Sequence[Lost]) -> list[Rejected]:
    """Return the better values that lost; of those that the same constraints ruled out, the best and their number."""
    alike: dict[tuple[str, ...], list[Lost]] = {}
    for one in lost:
        alike.setdefault(tuple(bound.constraint.name for bound in one.blame), []).append(one)
    return [
        Rejected(value=str(group[0].value), because=against(group[0].blame), others=len(group) - 1)
        for group in alike.values()
    ]


def against(blame: dict[Bound, Verdict]) -> tuple[Reason, ...]:
    """Return the different reasons of a conflict, facts before the user's own wishes."""
    found = distinct(reason for verdict in blame.values() for reason in verdict.reasons)
    return tuple(sorted(found, key=lambda reason: reason.fact.startswith("request:")))[:REASONS]


def distinct(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the reasons without repetitions, in their order."""
    return tuple({(reason.fact, reason.text): reason for reason in reasons}.values())


def _lower(solution: Solution, place: int) -> Iterator[Rejected]:
    """Judge the next values below the chosen one against the rest of the solution."""
    problem = solution.problem
    domain = list(rank(problem, place, solution.values))
    for value in domain[domain.index(solution.values[place]) + 1 :][:ALTERNATIVES]:
        instead = [*solution.values[:place], value, *solution.values[place + 1 :]]
        blame = _broken(solution, place, instead)
        if blame:
            yield Rejected(value=str(value), because=against(blame))
        else:
            yield Rejected(value=str(value), because=_outranked(solution, place, instead), possible=True)


def _broken(solution: Solution, place: int, values: list[Any]) -> dict[Bound, Verdict]:
    problem = solution.problem
    later = (bound for bounds in problem.hard[place:] for bound in bounds if place in bound.places)
    judged = ((bound, problem.judge(bound, values)) for bound in later)
    return {bound: verdict for bound, verdict in judged if not verdict.holds}


def _outranked(solution: Solution, place: int, values: list[Any]) -> tuple[Reason, ...]:
    problem = solution.problem
    judged = [problem.judge(bound, values) for bound in problem.soft[place]]
    worse = distinct(reason for verdict in judged if not verdict.holds for reason in verdict.reasons)
    kind = _kind(problem.names[place])
    return worse or (Reason(fact=f"preference:{kind}", text=PREFERENCES[kind]),)


def _kind(name: str) -> str:
    return name.partition(" ")[0]
