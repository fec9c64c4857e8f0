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

from gpusetup.resolve.problem import Bound, ConstraintResult, Problem


class Lost(NamedTuple):
    """A preferred value that was rejected, and the constraints that it failed."""

    value: Any
    blame: dict[Bound, ConstraintResult]


class Conflict(NamedTuple):
    """Why no value was left: the variables involved, and the first result of each constraint that failed."""

    places: frozenset[int]
    blame: dict[Bound, ConstraintResult]


class Solution:
    """A value for every variable, and per variable the better values that were rejected."""

    def __init__(self, problem: Problem, values: tuple[Any, ...], lost: tuple[tuple[Lost, ...], ...]) -> None:
        self.problem = problem
        self.values = values
        self.lost = lost

    def __getitem__(self, name: str) -> Any:
        return self.values[self.problem.names.index(name)]

    def get(self, name: str) -> Any:
        """Return the value of a variable, None when the problem has no variable of that name."""
        return self[name] if name in self.problem.names else None


class _Search:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.values: list[Any] = []
        self.lost: dict[int, list[Lost]] = {}

    def decide(self, place: int) -> Conflict | None:
        """Assign values to the variables from `place` on; return None on success."""
        if place == len(self.problem.names):
            return None
        lost = self.lost[place] = []
        guilty: set[int] = set()
        blame: dict[Bound, ConstraintResult] = {}
        for value in rank(self.problem, place, self.values):
            self.values.append(value)
            # the first conflict is enough: others would only make the explanation longer
            conflict = self.clash(place) or self.decide(place + 1)
            if conflict is None:
                return None
            self.values.pop()
            if place not in conflict.places:
                # no other value of this variable can resolve the conflict: jump back past it
                return conflict
            lost.append(Lost(value, conflict.blame))
            guilty |= conflict.places
            for bound, verdict in conflict.blame.items():
                blame.setdefault(bound, verdict)
        # all values failed: the union of their conflicts, without this variable, rules out the earlier values
        return Conflict(frozenset(guilty - {place}), blame)

    def clash(self, place: int) -> Conflict | None:
        """Return the first hard constraint that the value at `place` breaks with those before it."""
        for bound in self.problem.hard[place]:
            verdict = bound.judge(self.values)
            if not verdict.holds:
                return Conflict(bound.places, {bound: verdict})
        return None


def search(problem: Problem) -> Solution | Conflict:
    """Return the best solution of `problem`, or the conflict that proves that none exists.

    The recursion is as deep as the problem has variables, a dozen or two.
    """
    one = _Search(problem)
    conflict = one.decide(0)
    if conflict is not None:
        return conflict
    return Solution(problem, tuple(one.values), tuple(tuple(one.lost[place]) for place in range(len(problem.names))))


def rank(problem: Problem, place: int, decided: Sequence[Any]) -> Sequence[Any]:
    """Return the domain at `place`, best first: fewest soft constraints failed, then in its own order.

    The `tier` of a candidate (0 where it has none) outranks both: a toolkit from the repository comes before any in a
    container.
    """
    domain, soft = problem.domains[place], problem.soft[place]
    if not soft or len(domain) == 1:
        return domain

    def key(value: Any) -> tuple[int, int]:
        tried = [*decided[:place], value]
        return getattr(value, "tier", 0), sum(not bound.judge(tried).holds for bound in soft)

    return sorted(domain, key=key)
