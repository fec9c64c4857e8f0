"""What is known to be broken is never chosen, and told where it can still be used."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gpusetup.facts import Facts, facts
from gpusetup.facts.boards import board_by_name
from gpusetup.facts.model.defects import Defect
from gpusetup.resolve import attempt
from gpusetup.resolve.asked.cards import named
from gpusetup.resolve.model import Card, Refusal, Request, Stack
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


def planted(**fields: Any) -> Facts:
    """Return the tables with one defect alone."""
    made = Facts()
    made.__dict__ |= {name: rows for name, rows in facts().__dict__.items() if isinstance(rows, tuple)}
    given = {"id": "defect-planted", "symptom": "it fails", "way_out": "take another", "source": ("a thread",)}
    made.__dict__["defect"] = (Defect(**given | {"read_on": TODAY} | fields),)
    return made


def planned_with(tables: Facts, gpu: str = "RTX 4090", **wishes: Any) -> Stack:
    stack = attempt(Request(cards=named(facts(), (gpu,), ()), release="44", **wishes), tables, TODAY)
    assert isinstance(stack, Stack)
    return stack


def chosen(stack: Stack, component: str) -> str:
    return next(one.value for one in stack.choices if one.component == component)


@pytest.mark.parametrize(
    ("package", "component", "version"),
    [
        ("nvidia-driver", "driver", r"([\d.]+)"),
        ("torch", "torch", r"([\d.]+)\+"),
        ("tensorflow", "tensorflow", r"([\d.]+)"),
        ("nvidia-cudnn", "cudnn", r"\S+ ([\d.]+)"),
        ("cuda-toolkit", "toolkit", r"CUDA ([\d.]+)"),
    ],
)
def test_a_broken_release_of_any_component_is_not_chosen(package: str, component: str, version: str) -> None:
    usual = chosen(planned_with(planted(package="triton", first="0", last="0")), component)
    found = re.match(version, usual)
    assert found
    only_this = {"package": package, "first": found[1], "last": found[1]}
    assert chosen(planned_with(planted(**only_this, refuses=True)), component) != usual
    assert chosen(planned_with(planted(**only_this, refuses=True, cc_first="10.0")), component) == usual
    warned = planned_with(planted(**only_this))
    assert chosen(warned, component) == usual
    assert [one.fact for one in warned.warnings].count("defect-planted") == 1


def test_a_library_that_a_wheel_pins_is_judged_with_the_wheel() -> None:
    usual = chosen(planned_with(planted(package="triton", first="0", last="0")), "torch")
    build = next(row for row in facts().torch_build if usual.partition("+")[0] in row.releases and row.nccl)
    broken = {"package": "nvidia-nccl", "first": build.nccl, "last": build.nccl}
    assert chosen(planned_with(planted(**broken, refuses=True)), "torch") != usual
    (told,) = [one.text for one in planned_with(planted(**broken, gpus=2)).warnings if one.fact == "defect-planted"]
    assert told.startswith(f"NCCL {build.nccl} of torch {usual} with 2 or more GPUs is known to fail")


def test_what_is_needed_beside_it_decides_whether_it_is_told() -> None:
    for beside, told in (("nvidia-cudnn>=9", True), ("nvidia-cudnn<9", False), ("tensorflow", False)):
        stack = planned_with(planted(package="torch", first="2.0.0", last="9", beside=beside))
        assert ("defect-planted" in {one.fact for one in stack.warnings}) is told, beside
