"""The search against brute force, on small problems of every shape: sound, complete, best first, explained."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.resolve.model import Reason
from gpusetup.resolve.solver.problem import Constraint, ConstraintResult, Problem
from gpusetup.resolve.solver.search import Conflict, Solution, search
from tests.support import examples

SIZE = st.integers(1, 4)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Problem, list[Constraint]]:
    """Up to five variables with up to four values, and random tables of allowed pairs and triples."""
    sizes = draw(st.lists(SIZE, min_size=1, max_size=5))
    names = [f"v{number}" for number in range(len(sizes))]
    constraints = []
    for number in range(draw(st.integers(0, 6))):
        scope = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        every = list(product(*(range(sizes[names.index(name)]) for name in scope)))
        allowed = set(draw(st.lists(st.sampled_from(every), max_size=len(every))))
        constraints.append(Constraint(f"c{number}", tuple(scope), table(f"c{number}", allowed)))
    return Problem({name: range(size) for name, size in zip(names, sizes, strict=True)}, constraints), constraints


def table(name: str, allowed: set[tuple[int, ...]]) -> Any:
    def check(*values: int) -> ConstraintResult:
        return ConstraintResult(values in allowed, (Reason(fact=name, text=f"{name} on {values}"),))

    return check


def brute_force(problem: Problem, constraints: list[Constraint]) -> tuple[int, ...] | None:
    """Return the first of all combinations, in lexicographic order, that no constraint forbids."""
    for values in product(*problem.domains):
        by_name = dict(zip(problem.names, values, strict=True))
        if all(one.check(*(by_name[name] for name in one.scope)).holds for one in constraints):
            return values
    return None


@pytest.mark.slow
@given(problems())
@examples(400)
def test_search_finds_what_brute_force_finds(drawn: tuple[Problem, list[Constraint]]) -> None:
    problem, constraints = drawn
    expected = brute_force(problem, constraints)
    result = search(problem)
    if expected is None:
        assert isinstance(result, Conflict)
    else:
        assert isinstance(result, Solution)
        assert result.values == expected


@given(problems())
@examples(200)
def test_a_conflict_blames_enough_constraints_to_rule_everything_out(drawn: tuple[Problem, list[Constraint]]) -> None:
    problem, _ = drawn
    result = search(problem)
    if isinstance(result, Conflict):
        blamed = [bound.constraint for bound in result.blame]
        domains = dict(zip(problem.names, problem.domains, strict=True))
        assert brute_force(Problem(domains), blamed) is None


@given(problems())
@examples(200)
def test_every_value_that_lost_is_ruled_out_by_what_was_decided_before_it(
    drawn: tuple[Problem, list[Constraint]],
) -> None:
    problem, constraints = drawn
    result = search(problem)
    if not isinstance(result, Solution):
        return
    for place, lost in enumerate(result.lost):
        for one, blame in lost.items():
            assert blame
            fixed = [(value,) for value in result.values[:place]] + [(one,)]
            rest = problem.domains[place + 1 :]
            domains = dict(zip(problem.names, [*fixed, *rest], strict=True))
            assert brute_force(Problem(domains), constraints) is None


def test_a_soft_constraint_orders_but_never_excludes() -> None:
    prefers = Constraint("even", ("v0",), lambda value: ConstraintResult(value % 2 == 0), soft=True)
    odd = Constraint("odd", ("v0",), lambda value: ConstraintResult(value % 2 == 1))
    liked = search(Problem({"v0": (1, 3, 4)}, [prefers]))
    forced = search(Problem({"v0": (1, 3, 4)}, [prefers, odd]))
    assert isinstance(liked, Solution)
    assert isinstance(forced, Solution)
    assert (liked["v0"], forced["v0"]) == (4, 1)
