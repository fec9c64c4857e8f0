"""A constraint satisfaction problem: variables with ordered domains, and named constraints between them.

A component of the stack is a variable; its candidate values are ordered, preferred first. A constraint takes the values
of a few variables and returns a `ConstraintResult`: whether they are compatible, and the facts it follows from, either
way. The solver itself knows neither drivers nor wheels.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from gpusetup.resolve.model import Reason

if TYPE_CHECKING:
    from gpusetup.facts.model.fact import Fact


class ConstraintResult(NamedTuple):
    """Whether values are compatible, and why or why not."""

    holds: bool
    reasons: tuple[Reason, ...] = ()


def holds(*reasons: Reason) -> ConstraintResult:
    """Return that the values are compatible, because of `reasons`."""
    return ConstraintResult(True, reasons)


def fails(*reasons: Reason) -> ConstraintResult:
    """Return that the values are incompatible, because of `reasons`."""
    return ConstraintResult(False, reasons)


def because(row: Fact, text: str) -> Reason:
    """Return `text` as a reason that rests on `row`."""
    return Reason(fact=row.id, text=text, sources=row.source)


class Constraint(NamedTuple):
    """A named predicate over the values of the variables, or kinds of variables, in `scope`.

    `soft` constraints exclude nothing: of the possible values, those that fail fewer of them are preferred.
    """

    name: str
    scope: tuple[str, ...]
    check: Callable[..., ConstraintResult]
    soft: bool = False


class Bound:
    """A constraint bound to particular variables, by their positions in the order of decision.

    A result depends on the values alone, so it is cached in `table`, which all bounds of a constraint may share.
    """

    __slots__ = ("alone", "constraint", "last", "name", "order", "pick", "places", "table")

    def __init__(self, constraint: Constraint, places: tuple[int, ...], table: dict[Any, ConstraintResult]) -> None:
        self.constraint = constraint
        self.name = constraint.name
        self.order = places
        self.last = max(places)
        self.places = frozenset(places)
        self.alone = len(places) == 1
        self.pick = itemgetter(*places)
        self.table = table

    def judge(self, values: Sequence[Any]) -> ConstraintResult:
        """Return the result for `values`, which has one value for each variable decided so far."""
        chosen = self.pick(values)
        verdict = self.table.get(chosen)
        if verdict is None:
            given = (chosen,) if self.alone else chosen
            verdict = self.table[chosen] = self.constraint.check(*given)
        return verdict


ByPlace = tuple[tuple[Bound, ...], ...]
NONE = -1
"""No constraint of a group fails."""


class Group:
    """The constraints over the same variables, which are judged as one: which of them fails first, if any does.

    It depends on the values alone, so it is cached in `table`; `ranks` are their places among all at that variable.
    """

    __slots__ = ("bounds", "pick", "ranks", "table")

    def __init__(self, bounds: Sequence[Bound], ranks: Sequence[int], table: dict[Any, int]) -> None:
        self.bounds = bounds
        self.ranks = ranks
        self.pick = bounds[0].pick
        self.table = table

    def find(self, values: Sequence[Any]) -> int:
        """Return the number of the first constraint that fails, and remember it."""
        failing = (number for number, bound in enumerate(self.bounds) if not bound.judge(values).holds)
        found = self.table[self.pick(values)] = next(failing, NONE)
        return found


Groups = tuple[tuple[Group, ...], ...]

CONSTRAINTS: list[Constraint] = []
OWN_FIRST, LAST = 1 << 16, 1 << 32
"""Where the ranks of the registered constraints begin, after those of a problem's own; and no rank."""


def constraint(
    *scope: str, soft: bool = False, name: str = ""
) -> Callable[[Callable[..., ConstraintResult]], Callable[..., ConstraintResult]]:
    """Register a constraint over variables of the kinds in `scope`; the values are passed in that order.

    `name` is the function's own, unless one function is registered over several scopes.
    """

    def register(check: Callable[..., ConstraintResult]) -> Callable[..., ConstraintResult]:
        CONSTRAINTS.append(Constraint(name or check.__name__, scope, check, soft))
        return check

    return register


class Rules:
    """The registered constraints and their cached results, for any number of problems over the same candidates."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[Any, ConstraintResult]] = {one.name: {} for one in CONSTRAINTS}
        self._together: dict[tuple[str, ...], dict[Any, int]] = {}
        self._bound: dict[tuple[str, ...], tuple[ByPlace, ByPlace, Groups]] = {}
        self._ranked_by: dict[tuple[str, ...], tuple[tuple[int, ...], ...]] = {}
        self._ranked: dict[tuple[str, ...], dict[Any, Sequence[Any]]] = {}

    def bind(self, names: tuple[str, ...]) -> tuple[ByPlace, ByPlace, Groups]:
        """Return the hard and the soft constraints by the last variable of each, and the hard ones in groups."""
        if names not in self._bound:
            bounds = [Bound(one, places, self._tables[one.name]) for one, places in _lay(CONSTRAINTS, names)]
            hard = [bound for bound in bounds if not bound.constraint.soft]
            soft = [bound for bound in bounds if bound.constraint.soft]
            at = _by_last_place(hard, len(names))
            groups = tuple(tuple(_grouped(bounds, OWN_FIRST, self._table)) for bounds in at)
            self._bound[names] = at, _by_last_place(soft, len(names)), groups
        return self._bound[names]

    def ranked(self, names: tuple[str, ...]) -> dict[Any, Sequence[Any]]:
        """Return where domains are kept in their order of preference, which depends on registered constraints alone."""
        return self._ranked.setdefault(names, {})

    def ranked_by(self, names: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
        """Return for each variable the others that its order of preference depends on."""
        if names not in self._ranked_by:
            self._ranked_by[names] = tuple(map(_others, range(len(names)), self.bind(names)[1]))
        return self._ranked_by[names]

    def _table(self, bounds: Sequence[Bound]) -> dict[Any, int]:
        return self._together.setdefault(tuple(bound.constraint.name for bound in bounds), {})


class Problem:
    """Variables in the order of decision, their domains, and the constraints bound to them.

    A variable's kind is its name up to a space: ``card 1`` and ``card 2`` are both of kind ``card``; a constraint may
    name a kind, and is then bound to each variable of it, or one variable. `demands` are constraints of this problem
    alone, checked before the others.
    """

    def __init__(
        self,
        domains: Mapping[str, Sequence[Any]],
        demands: Sequence[Constraint] = (),
        rules: Rules | None = None,
    ) -> None:
        self.names = tuple(domains)
        self.domains = tuple(tuple(domain) for domain in domains.values())
        rules = rules or Rules()
        hard, soft, groups = rules.bind(self.names)
        own = [Bound(one, places, {}) for one, places in _lay(demands, self.names)]
        count = len(self.names)
        own_hard = _by_last_place([bound for bound in own if not bound.constraint.soft], count)
        own_soft = _by_last_place([bound for bound in own if bound.constraint.soft], count)
        self.hard: ByPlace = tuple(map(operator.add, own_hard, hard))
        self.soft: ByPlace = tuple(map(operator.add, own_soft, soft))
        self.ranked = {} if any(own_soft) else rules.ranked(self.names)
        self.ranked_by = tuple(map(_others, range(count), self.soft)) if any(own_soft) else rules.ranked_by(self.names)
        own_groups = tuple(tuple(_grouped(bounds, 0, lambda _: {})) for bounds in own_hard)
        self._groups: Groups = tuple(map(operator.add, own_groups, groups))

    def clash(self, place: int, values: Sequence[Any]) -> Bound | None:
        """Return the first hard constraint that the value at `place` breaks with those before it, in their order."""
        first, clashing = LAST, None
        for group in self._groups[place]:
            number = group.table.get(group.pick(values))
            if number is None:
                number = group.find(values)
            if number >= 0 and group.ranks[number] < first:
                first, clashing = group.ranks[number], group.bounds[number]
        return clashing


def _others(place: int, bounds: Sequence[Bound]) -> tuple[int, ...]:
    return tuple({one: None for bound in bounds for one in bound.order if one != place})


def _grouped(
    bounds: Sequence[Bound], start: int, table: Callable[[Sequence[Bound]], dict[Any, int]]
) -> Iterator[Group]:
    """Yield the constraints at one variable by the variables they are over; their ranks begin with `start`."""
    together: dict[tuple[int, ...], list[int]] = {}
    for number, bound in enumerate(bounds):
        together.setdefault(bound.order, []).append(number)
    for numbers in together.values():
        some = [bounds[number] for number in numbers]
        yield Group(some, [start + number for number in numbers], table(some))


def _lay(constraints: Sequence[Constraint], names: tuple[str, ...]) -> Iterator[tuple[Constraint, tuple[int, ...]]]:
    """Yield each constraint with every combination of variables in its scope; with none if a variable is missing."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        for key in {name, name.partition(" ")[0]}:
            places.setdefault(key, []).append(place)
    for one in constraints:
        for chosen in product(*(places.get(kind, ()) for kind in one.scope)):
            yield one, chosen


def _by_last_place(bounds: list[Bound], count: int) -> ByPlace:
    """Group by the last variable of each: a constraint can be checked as soon as that is decided."""
    grouped: list[list[Bound]] = [[] for _ in range(count)]
    for bound in bounds:
        grouped[bound.last].append(bound)
    return tuple(map(tuple, grouped))
