"""What a plan says: only facts that exist, all of them sourced, and a reason for everything that could be asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gpusetup.facts import Facts
from gpusetup.facts.tables import TABLES
from gpusetup.resolve.model import Reason, Refusal, Stack
from gpusetup.resolve.solver.problem import CONSTRAINTS
from tests.resolve.conftest import Plan, Refuse

NOT_ROWS = ("request:", "preference:")
Question = tuple[tuple[str, ...], dict[str, str]]

PLANS: tuple[Question, ...] = (
    (("GTX 1050 Mobile",), {"release": "44"}),
    (("RTX 4090",), {"release": "44"}),
    (("RTX 5090",), {"release": "43"}),
    (("H100",), {"driver": "550.54.15"}),
    (("T4", "GTX 1080"), {}),
    (("Rubin (SXM)",), {}),
    ((), {}),
    (("RTX 4090",), {"torch": "2.14.1+cu126", "release": "45"}),
)
REFUSALS: tuple[Question, ...] = (
    (("RTX 5090", "GTX 1080"), {}),
    (("GTX 1050 Mobile",), {"repo": "nvidia"}),
    ((), {"cuda": "13.0", "driver": "550.54"}),
    (("RTX 4090",), {"tensorflow": "2.21", "python": "3.14"}),
    (("K80",), {"release": "44"}),
)


def told(stack: Stack) -> Iterator[Reason]:
    yield from stack.warnings
    for choice in stack.choices:
        yield from choice.reasons
        for rejected in choice.rejected:
            yield from rejected.because


def rows(tables: Facts) -> dict[str, tuple[str, ...]]:
    return {row.id: row.source for table in TABLES for row in getattr(tables, table)}


def check(reasons: Iterator[Reason], known: dict[str, tuple[str, ...]]) -> None:
    for reason in reasons:
        assert reason.text
        if not reason.fact.startswith(NOT_ROWS):
            assert reason.sources == known[reason.fact], reason


@pytest.mark.parametrize(("gpus", "wishes"), PLANS)
def test_a_plan_names_only_rows_that_exist_with_their_sources(
    plan: Plan, tables: Facts, gpus: tuple[str, ...], wishes: dict[str, str]
) -> None:
    check(told(plan(*gpus, **wishes)), rows(tables))


@pytest.mark.parametrize(("gpus", "wishes"), REFUSALS)
def test_a_refusal_names_only_rows_that_exist_with_their_sources(
    refuse: Refuse, tables: Facts, gpus: tuple[str, ...], wishes: dict[str, str]
) -> None:
    refusal: Refusal = refuse(*gpus, **wishes)
    assert refusal.because
    check(iter(refusal.because), rows(tables))


@pytest.mark.parametrize(("gpus", "wishes"), PLANS)
def test_every_choice_has_a_reason_or_something_it_beat(
    plan: Plan, gpus: tuple[str, ...], wishes: dict[str, str]
) -> None:
    for choice in plan(*gpus, **wishes).choices:
        assert choice.reasons or choice.rejected, choice


def test_every_constraint_says_what_it_demands() -> None:
    for constraint in CONSTRAINTS:
        assert constraint.check.__doc__, constraint.name
    assert len({constraint.name for constraint in CONSTRAINTS}) == len(CONSTRAINTS)


def test_an_alternative_that_is_called_possible_is_possible(plan: Plan) -> None:
    stack = plan("RTX 4090", release="44")
    torch = next(one for one in stack.choices if one.component == "torch")
    possible = [one.value for one in torch.rejected if one.possible]
    assert possible
    for value in possible:
        assert plan("RTX 4090", release="44", torch=value).environments[0].requirements[0].text.startswith("torch==")


def test_an_alternative_that_is_ruled_out_is_refused_when_pinned(plan: Plan, refuse: Refuse) -> None:
    stack = plan("GTX 1050 Mobile", release="44")
    torch = next(one for one in stack.choices if one.component == "torch")
    for rejected in torch.rejected:
        if rejected.better:
            assert refuse("GTX 1050 Mobile", release="44", torch=rejected.value).because


@pytest.mark.parametrize(
    ("release", "fact", "says", "never"),
    [
        ("44", "cuda-13.4.1", "615.71.09 is inferred, as it was released with CUDA 13.4.1", "last seen"),
        ("42", "nvidia-repo-fedora42", "last seen at 590.48.01", "inferred"),
    ],
)
def test_a_driver_says_whether_it_was_seen_or_inferred(
    plan: Plan, release: str, fact: str, says: str, never: str
) -> None:
    choices = plan("RTX 4090", release=release, repo="nvidia", allow_eol=True).choices
    reasons = {one.fact: one.text for choice in choices if choice.component == "driver" for one in choice.reasons}
    assert says in reasons[fact]
    assert never not in " ".join(reasons.values())
