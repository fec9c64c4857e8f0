"""The search: depth first, best values first, with conflict-directed backjumping (Prosser 1993).

Variables are decided in a fixed order, so the first solution found is the best in the lexicographic order of
preferences: a better value of a later variable never makes up for a worse value of an earlier one. When a variable has
no value left, the search jumps back to the latest variable in the conflict, not merely to the previous one. The same
record that makes the jump possible is the explanation: for every rejected value, the constraints it failed.

Sound, since every value is checked against all constraints whose variables are decided; complete, since a jump only
skips values of variables that had no part in the conflict.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gpusetup.resolve.solver.problem import Bound, ConstraintResult, Problem

Lost = Bound | dict[Bound, ConstraintResult]
"""Why a preferred value was rejected: the constraint that it broke at once, or those that broke after it."""


class Conflict(NamedTuple):
    """Why no value was left: the variables involved, and the first result of each constraint that failed."""

    places: frozenset[int]
    blame: dict[Bound, ConstraintResult]


class Solution:
    """A value for every variable, and per variable the better values that were rejected."""

    def __init__(self, problem: Problem, values: tuple[Any, ...], lost: tuple[dict[Any, Lost], ...]) -> None:
        self.problem = problem
        self.values = values
        self.lost = lost
        self._by_name = dict(zip(problem.names, values, strict=True))

    def __getitem__(self, name: str) -> Any:
        return self._by_name[name]

    def get(self, name: str) -> Any:
        """Return the value of a variable, None when the problem has no variable of that name."""
        return self._by_name.get(name)


class _Search:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.values: list[Any] = []
        self.lost: list[dict[Any, Lost]] = [{} for _ in problem.names]

    def decide(self, place: int) -> Conflict | None:
        """Assign values to the variables from `place` on; return None on success."""
        if place == len(self.problem.names):
            return None
        lost = self.lost[place] = {}
        guilty: set[int] = set()
        blame: dict[Bound, ConstraintResult] = {}
        values, clash = self.values, self.problem.clash
        for value in rank(self.problem, place, values):
            values.append(value)
            # the first conflict is enough: others would only make the explanation longer
            if (bound := clash(place, values)) is not None:
                if bound not in blame:
                    blame[bound] = bound.judge(values)
                    guilty |= bound.places
                values.pop()
                lost[value] = bound
                continue
            conflict = self.decide(place + 1)
            if conflict is None:
                return None
            values.pop()
            if place not in conflict.places:
                # no other value of this variable can resolve the conflict: jump back past it
                return conflict
            lost[value] = conflict.blame
            guilty |= conflict.places
            for bound, verdict in conflict.blame.items():
                blame.setdefault(bound, verdict)
        # all values failed: the union of their conflicts, without this variable, rules out the earlier values
        return Conflict(frozenset(guilty - {place}), blame)


def search(problem: Problem) -> Solution | Conflict:
    """Return the best solution of `problem`, or the conflict that proves that none exists.

    The recursion is as deep as the problem has variables, a dozen or two.
    """
    one = _Search(problem)
    conflict = one.decide(0)
    if conflict is not None:
        return conflict
    return Solution(problem, tuple(one.values), tuple(one.lost))


def rank(problem: Problem, place: int, decided: Sequence[Any]) -> Sequence[Any]:
    """Return the domain at `place`, best first: fewest soft constraints failed, then in its own order.

    The `tier` of a candidate (0 where it has none) outranks both: a toolkit from the repository comes before any in a
    container.
    """
    domain, soft = problem.domains[place], problem.soft[place]
    if not soft or len(domain) == 1:
        return domain
    known = (place, domain, tuple([decided[one] for one in problem.ranked_by[place]]))
    if known not in problem.ranked:
        problem.ranked[known] = _sorted(domain, soft, place, decided)
    return problem.ranked[known]


def _sorted(domain: Sequence[Any], soft: Sequence[Bound], place: int, decided: Sequence[Any]) -> Sequence[Any]:
    tried = [*decided[:place], None]

    def key(value: Any) -> tuple[int, int]:
        tried[place] = value
        return getattr(value, "tier", 0), sum([not bound.judge(tried).holds for bound in soft])

    return sorted(domain, key=key)
