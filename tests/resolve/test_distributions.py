"""A distribution is content: one that nobody made is planned and rendered, and no module of the engine knows of it."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.facts import Facts, cache
from gpusetup.facts.check import check
from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from gpusetup.resolve import attempt
from gpusetup.resolve.asked.request import Wanted, ask
from gpusetup.resolve.model import Card, Refusal, Request, Stack
from tests.support import Run

OVERLAYS = Path(__file__).with_name("distributions")
"""One folder per made-up distribution: ``facts/`` has rows to add to the tables, ``recipes/`` its steps."""
MADE_UP = ("gecko", "swirl")
TODAY = date(2026, 11, 30)
ADA = Card(name="GeForce RTX 4090", arch="Ada Lovelace", compute_capability="8.9", known_by="name")
PASCAL = Card(name="GeForce GTX 1080", arch="Pascal", compute_capability="6.1", known_by="name")


@pytest.fixture(scope="module", name="tables")
def _tables(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """Return the tables with the rows of the made-up distributions after their own."""
    folder = tmp_path_factory.mktemp("facts")
    for path in Path(cache.HERE).glob("*.toml"):
        shutil.copy(path, folder)
    for name in MADE_UP:
        for added in sorted((OVERLAYS / name / "facts").glob("*.toml")):
            with (folder / added.name).open("a") as table:
                table.write(f"\n{added.read_text()}")
    return Facts(folder)


def planned(tables: Facts, distro: str, *cards: Card, **wishes: str) -> Stack:
    found = attempt(Request(distro=distro, cards=cards, frameworks=("torch",), **wishes), tables, TODAY)  # type: ignore[arg-type]
    assert isinstance(found, Stack), found.because
    return found


def test_their_rows_contradict_nothing(tables: Facts) -> None:
    assert [one for one in check(tables) if any(name in one.row for name in MADE_UP)] == []


def test_one_of_rpm_packages_has_its_own_driver(tables: Facts) -> None:
    stack = planned(tables, "gecko", ADA)
    assert (stack.distro_name, stack.release) == ("Gecko Linux", "16.1")
    assert stack.driver is not None
    assert (stack.driver.repo, stack.driver.flavour) == ("vendor", "open")
    assert stack.driver.packages == ("nvidia-open-signed", "nvidia-compute-utils")
    assert stack.driver.conflicts == ("nvidia-closed", "nvidia-open", "cuda-drivers")
    assert stack.toolkit.host_compiler in ("", "g++-13")
    assert [one.id for one in stack.repositories] == ["gecko-nvidia", "cuda-gecko16-x86_64"]
    assert stack.repositories[1].exclude == ("nvidia-open*", "cuda-drivers*")
    driver = stack.choice("driver")
    assert driver is not None
    assert "The Vendor's main packages were last seen at 595.58.03" in driver.reasons[0].text


def test_one_of_deb_packages_has_suites_and_lines(tables: Facts) -> None:
    stack = planned(tables, "swirl", PASCAL)
    assert (stack.distro_name, stack.release) == ("Swirl GNU/Linux", "13")
    assert stack.driver is not None
    assert stack.driver.packages == ("linux-headers-swirl", "nvidia-kernel-dkms", "nvidia-driver")
    (own,) = (one for one in stack.repositories if one.id == "swirl")
    assert own.deb
    assert (own.deb.suite, own.deb.components) == ("curl", ("main", "non-free"))
    assert stack.environments[0].python == "3.13"
    assert stack.environments[0].python_packages == ()


def test_there_is_no_toolkit_where_no_repository_has_one(tables: Facts) -> None:
    stack = planned(tables, "swirl", ADA)
    assert stack.toolkit.via == "container"
    assert stack.container_packages == ("podman", "nvidia-ctk")


@pytest.mark.parametrize("name", MADE_UP)
def test_its_recipe_is_rendered_as_script_and_first_boot(tables: Facts, name: str) -> None:
    made = recipe(planned(tables, name, ADA), OVERLAYS / name / "recipes")
    assert [step.id for step in made.steps] == ["driver"]
    for kind in ("bash", "cloud-init"):
        text = render(made, kind, "2026-11-30")
        assert f"for {made.stack.distro_name if made.stack else ''}" in text
        assert "dnf" not in text
        assert "Fedora" not in text


@pytest.mark.parametrize("kind", ["bundle", "kickstart", "ansible"])
def test_a_format_in_another_package_managers_words_is_refused(tables: Facts, kind: str) -> None:
    made = recipe(planned(tables, "swirl", ADA), OVERLAYS / "swirl" / "recipes")
    with pytest.raises(RefusedError, match=f"{kind}.*Swirl"):
        render(made, kind, "2026-11-30")


def test_a_request_names_what_the_distribution_has(tables: Facts) -> None:
    def nothing() -> None:
        raise AssertionError

    asked = ask(tables, Wanted(distro="gecko", gpus=("RTX 4090",)), nothing)  # type: ignore[arg-type]
    assert asked.request.distro == "gecko"
    for wrong in ({"release": "44"}, {"repo": "rpmfusion"}, {"variant": "ostree"}):
        with pytest.raises(WrongInputError, match="Gecko"):
            ask(tables, Wanted(distro="gecko", gpus=("RTX 4090",), **wrong), nothing)  # type: ignore[arg-type]


def test_a_refusal_speaks_of_the_distribution(tables: Facts) -> None:
    found = attempt(Request(distro="gecko", release="16.1", cards=(PASCAL,), frameworks=("torch",)), tables, TODAY)
    assert isinstance(found, Refusal)
    assert "Fedora" not in str(found)


def test_a_distribution_without_rows_is_named_with_what_it_needs(gpusetup: Run) -> None:
    done = gpusetup("install", "--distro", "plan9", "--gpu", "RTX 4090")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no distribution plan9 in the tables" in done.stderr
    assert "known: fedora" in done.stderr


def test_without_steps_of_its_own_a_distribution_has_no_recipe(tables: Facts) -> None:
    with pytest.raises(RefusedError, match="no recipes for Swirl GNU/Linux"):
        recipe(planned(tables, "swirl", ADA))
