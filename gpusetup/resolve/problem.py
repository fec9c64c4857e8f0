"""What the solver is asked: variables with ordered domains, and named constraints between them.

A component of the stack is a variable; the values it may take are ordered, the preferred first. A constraint looks at
the values of a few variables and gives a `Verdict`: whether they go together, and the facts that say so, either way.
The solver itself knows neither drivers nor wheels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gpusetup.resolve.model import Reason

if TYPE_CHECKING:
    from gpusetup.facts.model.fact import Fact


class Verdict(NamedTuple):
    """Whether values go together, and why, or why not."""

    holds: bool
    reasons: tuple[Reason, ...] = ()


def holds(*reasons: Reason) -> Verdict:
    """Return the verdict that the values go together, because of `reasons`."""
    return Verdict(True, reasons)


def fails(*reasons: Reason) -> Verdict:
    """Return the verdict that the values exclude each other, because of `reasons`."""
    return Verdict(False, reasons)


def because(row: Fact, text: str) -> Reason:
    """Return `text` as a reason that rests on `row`."""
    return Reason(fact=row.id, text=text, sources=row.source)


class Constraint(NamedTuple):
    """A named check over the values of the variables, or kinds of variables, in `scope`.

    `soft` ones exclude nothing: of the values that are possible, those that fail fewer of them are preferred.
    """

    name: str
    scope: tuple[str, ...]
    check: Callable[..., Verdict]
    soft: bool = False


class Bound(NamedTuple):
    """A constraint laid over particular variables, by their places in the order in which they are decided."""

    constraint: Constraint
    places: tuple[int, ...]


CONSTRAINTS: list[Constraint] = []


def constraint(*scope: str, soft: bool = False) -> Callable[[Callable[..., Verdict]], Callable[..., Verdict]]:
    """Register a check over variables of the kinds in `scope`; its values are passed in that order."""

    def register(check: Callable[..., Verdict]) -> Callable[..., Verdict]:
        CONSTRAINTS.append(Constraint(check.__name__, scope, check, soft))
        return check

    return register


class Problem:
    """Variables in the order in which they are decided, their domains, and the constraints bound to them.

    A variable's kind is its name up to a space: ``card 1`` and ``card 2`` are both of kind ``card``; a constraint may
    name a kind, and is then bound to each variable of it, or one variable. Verdicts of
    registered constraints depend on the values alone and are kept in `memo`, across problems; those of `wishes`
    (constraints of one request) are not.
    """

    def __init__(
        self,
        domains: Mapping[str, Sequence[Any]],
        wishes: Sequence[Constraint] = (),
        memo: dict[tuple[Any, ...], Verdict] | None = None,
    ) -> None:
        self.names = tuple(domains)
        self.domains = tuple(tuple(domain) for domain in domains.values())
        self.memo = {} if memo is None else memo
        bounds = [*_bind(wishes, self.names), *_bind(CONSTRAINTS, self.names)]
        # a constraint can be judged as soon as the last of its variables is decided
        self.hard = _by_last_place([bound for bound in bounds if not bound.constraint.soft], len(self.names))
        self.soft = _by_last_place([bound for bound in bounds if bound.constraint.soft], len(self.names))
        self._wishes = frozenset(map(id, wishes))

    def judge(self, bound: Bound, values: Sequence[Any]) -> Verdict:
        """Return the verdict of `bound` on `values` (one for each place decided so far)."""
        chosen = tuple(values[place] for place in bound.places)
        if id(bound.constraint) in self._wishes:
            return bound.constraint.check(*chosen)
        key = (bound.constraint.name, *chosen)
        verdict = self.memo.get(key)
        if verdict is None:
            verdict = self.memo[key] = bound.constraint.check(*chosen)
        return verdict


def _bind(constraints: Sequence[Constraint], names: tuple[str, ...]) -> list[Bound]:
    """Lay each constraint over every combination of variables in its scope; over none if one is missing."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        for key in {name, name.partition(" ")[0]}:
            places.setdefault(key, []).append(place)
    bounds = []
    for one in constraints:
        combinations: list[tuple[int, ...]] = [()]
        for kind in one.scope:
            combinations = [(*chosen, place) for chosen in combinations for place in places.get(kind, [])]
        bounds += [Bound(one, chosen) for chosen in combinations]
    return bounds


def _by_last_place(bounds: list[Bound], count: int) -> tuple[tuple[Bound, ...], ...]:
    return tuple(tuple(bound for bound in bounds if max(bound.places) == place) for place in range(count))
