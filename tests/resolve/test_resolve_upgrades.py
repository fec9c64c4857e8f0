"""What an upgrade changes and what is at risk: from two sides, each step named by the row that speaks of it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gpusetup.facts import facts
from gpusetup.resolve import lock
from gpusetup.resolve.model import Packages
from gpusetup.resolve.upgrades.compare import changes, compared
from gpusetup.resolve.upgrades.fits import unfit
from gpusetup.resolve.upgrades.model import Held, Risk, Side
from gpusetup.resolve.upgrades.risks import risks, rows
from gpusetup.resolve.upgrades.sides import of_profile, of_stack
from gpusetup.resolve.upgrades.wishes import changed, on_machine, wishes
from tests.doctor.machines import machine
from tests.resolve.conftest import Plan


def held(**packages: str) -> Held:
    named = {name.replace("_", "-"): version for name, version in packages.items()}
    return Held(name="torch", python="3.13", cuda="13.0", packages=named, whole=True, asked=("torch", "numpy", "seer"))


def found(old: Held, new: Held, driver: str = "") -> list[Risk]:
    return risks(Side(driver=driver, environments=(old,)), Side(environments=(new,)), ("8.9",), "x86_64", facts())


STEPS = [
    (held(torch="2.14.0"), held(torch="2.15.0"), {"bits-torch"}),
    (held(torch="2.15.0+cu126"), held(torch="2.15.0+cu130"), {"bits-torch"}),
    (held(torch="2.15.0"), held(torch="2.15.0"), set()),
    (held(nvidia_cudnn_cu13="9.21.0.82"), held(nvidia_cudnn_cu13="9.26.0.51"), {"bits-cudnn"}),
    (held(nvidia_cublas="13.1.1.3"), held(nvidia_cublas="13.4.1.3"), {"bits-cublas"}),
    (held(numpy="1.26.4"), held(numpy="2.5.0"), {"code-numpy-2"}),
    (held(numpy="2.4.0"), held(numpy="2.5.0"), set()),
    (held(jax="0.11.0"), held(jax="0.12.0"), {"bits-jax", "code-jax"}),
    (held(jax="0.12.0"), held(jax="0.12.1"), {"bits-jax"}),
    (held(seer="1.9"), held(seer="2.0"), {"code-major"}),
    (held(seer="1.8"), held(seer="1.9"), set()),
    (held(dependency="1.9"), held(dependency="2.0"), set()),
]


@pytest.mark.parametrize(("old", "new", "expected"), STEPS, ids=[str(sorted(one[2])) for one in STEPS])
def test_each_step_has_its_rows(old: Held, new: Held, expected: set[str]) -> None:
    assert {one.fact for one in found(old, new) if one.kind in ("bits", "code")} == expected


def test_every_row_is_met_by_a_step() -> None:
    met = {one.fact for old, new, _ in STEPS for one in found(old, new)}
    assert {row.id for row in rows()} - met == {"bits-tensorflow"}
    (said,) = [one for one in found(held(tensorflow="2.20.0"), held(tensorflow="2.21.0")) if one.kind == "bits"]
    assert said.fact == "bits-tensorflow"


def test_a_driver_that_is_too_old_comes_first_among_what_stays() -> None:
    new = replace(held(torch="2.15.0"), driver_floor="580.65.06")
    assert "driver" not in {one.kind for one in found(held(torch="2.14.0"), new, "580.65.06")}
    first = found(held(torch="2.14.0"), new, "570.10.10")[0]
    assert first.kind == "driver"
    assert "580.65.06" in first.text


def test_what_was_added_by_hand_and_is_not_planned_is_lost() -> None:
    old = replace(held(torch="2.14.0", ipykernel="7.1", dropped="1"), asked=("ipykernel",))
    lost = [one.component for one in found(old, held(torch="2.15.0")) if one.kind == "lost"]
    assert lost == ["env torch: ipykernel"]
    assert not [one for one in found(old, replace(held(torch="2.15.0"), whole=False)) if one.kind == "lost"]


def test_another_python_and_another_cuda_are_said() -> None:
    new = replace(held(torch="2.14.0"), python="3.14", cuda="12.6")
    texts = [one.text for one in found(held(torch="2.14.0"), new)]
    assert any("3.13 → 3.14" in text for text in texts)
    assert any("13.0 → 12.6" in text for text in texts)


def test_defects_come_and_go() -> None:
    row = next(one for one in facts().defect if one.package == "torch" and not one.beside and not one.variable
               and not one.cc_first and not one.setting and one.gpus == 1 and not one.arch)  # fmt: skip
    bad, good = held(torch=row.last), held(torch="99.0")
    assert row.id in {one.fact for one in found(good, bad) if one.kind == "defect"}
    assert row.id in {one.fact for one in found(bad, good) if one.kind == "fixed"}
    assert row.id not in {one.fact for one in found(bad, bad)}


def test_a_side_that_lists_only_its_requirements_hides_no_change_and_makes_up_none() -> None:
    old = replace(held(torch="2.14.0"), whole=False)
    new = held(torch="2.15.0", filelock="3.0")
    listed = [one.component for one in changes(Side(environments=(old,)), Side(environments=(new,)))]
    assert listed == ["env torch: torch"]


def test_environments_that_come_and_go_are_named() -> None:
    before = Side(environments=(held(torch="2.14.0"),))
    after = Side(environments=(replace(held(jax="0.12.0"), name="jax"),))
    assert [(one.component, one.now, one.after) for one in changes(before, after)] == [
        ("env jax", "", "jax==0.12.0"),
        ("env torch", "torch==2.14.0", ""),
    ]


def test_a_lock_and_its_own_stack_do_not_differ(plan: Plan) -> None:
    stack = plan("RTX 4090", release="44", frameworks=("torch",))
    side = of_profile(lock.profile(stack, facts()))
    assert side == of_stack(stack)
    assert not compared(side, stack, facts(), "x").changes


def test_wishes_are_without_what_packages_decided(plan: Plan) -> None:
    stack = plan("RTX 4090", release="44", frameworks=("torch",), torch="2.14.0", python="3.13")
    own = Packages(wanted=("seer",), fixes=("torch",), home="torch")
    wish = wishes(replace(stack.request, packages=own))
    assert (wish.torch, wish.python, wish.packages) == ("", "3.13", Packages(wanted=("seer",)))
    more = changed(wish, (), {"torch": "2.15.0", "python": ""}, Packages(wanted=("plain",)))
    assert (more.torch, more.python, more.packages.wanted) == ("2.15.0", "3.13", ("seer", "plain"))


def test_wishes_follow_the_machine_unless_its_cards_are_others(plan: Plan) -> None:
    here = machine("desktop")
    wish = plan("RTX 4090", release="43", frameworks=("torch",)).request
    asked = on_machine(wish, here, facts())
    assert asked is None or asked.request.release == "44"
    assert on_machine(plan("GTX 1050", release="43").request, here, facts()) is None


def test_a_stack_fits_only_its_cards_and_its_driver(plan: Plan) -> None:
    here = machine("desktop")
    name = "RTX 3060"
    assert "other cards" in unfit(plan("GTX 1050", release="44"), here, facts())[0]
    assert (
        "or newer"
        in unfit(plan("RTX 4090", release="44"), machine("desktop", {"driver": {"nvml": "470.42.01"}}), facts())[0]
    )
    assert unfit(plan("RTX 4090", release="44"), here, facts()) == ("", ""), name
