"""What the user pins is in the stack, or the refusal names the pin and offers to give it up."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gpusetup.facts import Facts
from gpusetup.resolve import attempt
from gpusetup.resolve.model import Refusal, Stack
from gpusetup.resolve.pins import covers
from tests.resolve.conftest import TODAY, Plan, Refuse, ask


def test_torch_can_be_pinned_with_its_variant(plan: Plan) -> None:
    stack = plan("RTX 4090", release="44", torch="2.14.1+cu126")
    (environment,) = stack.environments  # CUDA 12 wheels: TensorFlow can share them
    assert environment.requirements[0].text == "torch==2.14.1+cu126"


def test_a_series_covers_its_releases_and_nothing_that_merely_starts_alike() -> None:
    assert covers("2.14", "2.14.1")
    assert covers("2.14.1", "2.14.1")
    assert not covers("2.1", "2.14.1")


def test_a_driver_that_no_repository_offers_stays(plan: Plan) -> None:
    stack = plan("H100", driver="550.54.15")
    assert stack.driver is None
    assert next(one.value for one in stack.choices if one.component == "driver") == "550.54.15 (stays)"
    assert stack.environments[0].cuda == "12.6"  # CUDA 13 wheels need driver 580
    assert (stack.toolkit.series, stack.toolkit.via) == ("12.4", "container")  # native to branch 550


def test_a_driver_branch_can_be_wanted(plan: Plan) -> None:
    stack = plan("RTX 4090", release="44", driver="580")
    assert stack.driver is not None
    assert stack.driver.packages[0] == "akmod-nvidia-580xx"
    assert stack.driver.flavour == "open"


def test_one_framework_needs_one_environment(plan: Plan) -> None:
    stack = plan("RTX 4090", release="44", frameworks=("torch",))
    assert [one.frameworks for one in stack.environments] == [("torch",)]


def test_a_cpu_build_beside_a_gpu_is_taken_only_when_asked_for(plan: Plan) -> None:
    stack = plan("RTX 4090", release="44", torch="2.15.0+cpu")
    assert stack.environments[0].requirements[0].text == "torch==2.15.0+cpu"
    assert stack.environments[0].requirements[1].text.startswith("tensorflow[and-cuda]")


def test_cudnn_is_pinned_everywhere(plan: Plan) -> None:
    stack = plan("RTX 4090", release="44", cudnn="9.10.2")
    assert {one.cudnn for one in stack.environments} == {"9.10.2.21"}
    assert stack.toolkit.cudnn in ("", "9.10.2.21")


def test_a_stack_without_gpu_has_no_driver_no_toolkit_and_no_repository(plan: Plan) -> None:
    stack = plan()
    assert (stack.driver, stack.toolkit.via, stack.repositories) == (None, "none", ())
    assert [one.text for one in stack.environments[0].requirements] == ["torch==2.15.0+cpu", "tensorflow-cpu==2.21.0"]


def test_a_release_without_a_smaller_package_is_taken_whole_and_with_what_it_needs(plan: Plan) -> None:
    stack = plan(release="29", allow_eol=True, frameworks=("tensorflow",), tensorflow="1.13.1")
    assert [one.text for one in stack.environments[0].requirements] == ["tensorflow==1.13.1", "protobuf==3.20.3"]


@pytest.mark.parametrize(
    ("gpus", "wishes", "facts", "way"),
    [
        ((), {"tensorflow": "2.21", "python": "3.14"}, {"tensorflow-2.21.0"}, ("--python", "3.13")),
        ((), {"cuda": "13.0", "driver": "550.54"}, {"cuda-major-13"}, ("--cuda", "12.4")),
        (("GTX 1050 Mobile",), {"torch": "2.15.0"}, {"cuda-series-13.2"}, ("--torch", "2.14.1+cu126")),
        (("GTX 1050 Mobile",), {"torch": "2.14.1+cu130"}, {"cuda-series-13.0"}, ("--torch", "2.14.1+cu126")),
        (("RTX 4090",), {"release": "42"}, {"fedora-42"}, ("--release", "44")),
    ],
)  # fmt: skip
def test_a_refusal_names_the_fact_and_the_smallest_way_out(
    refuse: Refuse, gpus: tuple[str, ...], wishes: dict[str, str], facts: set[str], way: tuple[str, ...]
) -> None:
    refusal = refuse(*gpus, **wishes)
    assert facts <= {reason.fact for reason in refusal.because}
    assert refusal.ways_out[0].options == way


def test_two_cards_that_no_modules_drive_together_are_refused(refuse: Refuse) -> None:
    refusal = refuse("RTX 5090", "GTX 1080", release="44")
    assert {"arch-pascal", "arch-blackwell-geforce-rtx-pro"} <= {reason.fact for reason in refusal.because}
    assert {way.text for way in refusal.ways_out} == {
        "drop the GeForce RTX 5090",
        "drop the GeForce GTX 1080",
    }


@pytest.mark.parametrize("wishes", [{"repo": "nvidia"}, {"torch": "2.15.0"}, {"cuda": "13"}, {"python": "3.15"}])
def test_every_single_way_out_works(tables: object, wishes: dict[str, str]) -> None:
    request = ask("GTX 1050 Mobile", release="44", **wishes)
    refusal = attempt(request, tables, TODAY)  # type: ignore[arg-type]
    assert isinstance(refusal, Refusal)
    for way in refusal.ways_out:
        options = dict(zip(way.options[::2], way.options[1::2], strict=True))
        changed: dict[str, Any] = {name.removeprefix("--"): value for name, value in options.items()}
        if "framework" in changed:
            changed = {"frameworks": (changed["framework"],)}
        again = ask("GTX 1050 Mobile", **{"release": "44", **wishes, **changed})
        assert isinstance(attempt(again, tables, TODAY), Stack), way  # type: ignore[arg-type]


def test_what_the_owner_must_know_is_said(plan: Plan) -> None:
    def warned(*gpus: str, **wishes: str) -> set[str]:
        return {reason.fact for reason in plan(*gpus, **wishes).warnings}

    blackwell = warned("RTX 5090", release="44")
    assert "defect-tensorflow-blackwell-ptx" in blackwell
    assert "tensorflow-2.21.0" not in blackwell  # that its PTX is compiled at the first run is the lesser trouble
    assert "tensorflow-2.21.0" not in warned("RTX 4090", release="44")
    assert "branch-580" in warned("RTX 5090", release="43")  # nvcc 13.2 on a driver of CUDA 13.0
    assert "branch-580" in warned("GTX 1080", release="44")  # the last branch, and its end
    assert "fedora-43" in warned("RTX 4090", release="43")  # ends within two months
    assert "fedora-45" in warned("RTX 4090", release="45")  # not confirmed
    assert "branch-550" in warned("H100", driver="550.54.15")  # no updates any more


def test_when_every_release_of_the_tables_has_ended_that_is_said(tables: Facts) -> None:
    refusal = attempt(ask("RTX 4090"), tables, date(2030, 1, 1))
    assert isinstance(refusal, Refusal)
    assert {reason.fact for reason in refusal.because} == {"fedora-44"}
    assert refusal.ways_out[0].options == ("--allow-eol",)
