"""What is known to be broken is never chosen, and told where it can still be used."""

from __future__ import annotations

import pytest

from gpusetup.facts import Facts, facts
from gpusetup.facts.boards import board_by_name
from gpusetup.resolve import attempt
from gpusetup.resolve.model import Card, Refusal, Request, Stack
from gpusetup.versions import dotted
from tests.resolve.conftest import TODAY


def planned(gpu: str, release: str = "44", **wishes: str) -> Stack | Refusal:
    board = board_by_name(facts(), gpu)
    card = Card(name=board.name, arch=board.arch, compute_capability=board.cc, known_by="option --gpu")
    return attempt(Request(cards=(card,), release=release, allow_eol=True, **wishes), facts(), TODAY)  # type: ignore[arg-type]


def tensorflow_of(stack: Stack | Refusal) -> str:
    assert isinstance(stack, Stack)
    texts = [one.text for env in stack.environments for one in env.requirements if one.text.startswith("tensorflow")]
    return texts[0]


@pytest.mark.parametrize(
    ("gpu", "wished", "chosen"),
    [("GTX 970", "", "2.16.2"), ("RTX 3060", "2.16", "2.16.2"), ("RTX 3060", "2.15", "2.15.1")],
)
def test_a_patch_release_that_works_is_taken_for_one_that_does_not(gpu: str, wished: str, chosen: str) -> None:
    assert tensorflow_of(planned(gpu, tensorflow=wished)) == f"tensorflow[and-cuda]=={chosen}"


@pytest.mark.parametrize("release", ["2.16.1", "2.15.0", "2.14.1", "2.14.0"])
def test_a_release_that_leaves_nothing_to_use_is_refused_for_that_reason(release: str) -> None:
    refused = planned("RTX 3060", tensorflow=release)
    assert isinstance(refused, Refusal)
    assert any(reason.fact.startswith("defect-tensorflow") for reason in refused.because)


def test_the_same_release_runs_on_the_cpu() -> None:
    stack = attempt(Request(cards=(), release="44", tensorflow="2.16.1", frameworks=("tensorflow",)), facts(), TODAY)
    assert tensorflow_of(stack) == "tensorflow-cpu==2.16.1"


@pytest.mark.parametrize(("gpu", "told"), [("RTX 5080 Laptop GPU", True), ("B200", True), ("RTX 4090", False)])
def test_a_defect_of_some_cards_is_told_with_them_and_with_no_others(gpu: str, told: bool) -> None:
    stack = planned(gpu)
    assert isinstance(stack, Stack)
    assert ("defect-tensorflow-blackwell-ptx" in {one.fact for one in stack.warnings}) == told


def test_every_defect_is_of_releases_that_the_tables_have(tables: Facts) -> None:
    for defect in tables.defect:
        assert dotted(defect.first) <= dotted(defect.last) or defect.first.startswith(f"{defect.last}.")
        if defect.package in {"torch", "tensorflow"}:
            releases = [dotted(row.release) for row in getattr(tables, defect.package)]
            assert dotted(defect.first) in releases
            assert dotted(defect.last) in releases
