"""Distributions that are another one under a name of their own, and what a release of theirs needs first."""

from __future__ import annotations

import subprocess
from datetime import date

import pytest

from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.facts import facts, systems
from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from gpusetup.resolve import attempt
from gpusetup.resolve.asked.request import Wanted, ask
from gpusetup.resolve.model import Card, Refusal, Request, Stack
from tests.each import each
from tests.support import tool

TODAY = date(2026, 12, 1)
ADA = Card(name="GeForce RTX 4090", arch="Ada Lovelace", compute_capability="8.9", known_by="name")
BLACKWELL = Card(name="GeForce RTX 5090", arch="Blackwell", compute_capability="12.0", known_by="name")
HOPPER = Card(name="H100 SXM5 80 GB", arch="Hopper", compute_capability="9.0", known_by="name")
PASCAL = Card(name="GeForce GTX 1080", arch="Pascal", compute_capability="6.1", known_by="name")
NAMES = {"rhel": "Red Hat Enterprise Linux", "rocky": "Rocky Linux", "almalinux": "AlmaLinux"}
STREAMS = {"main": "nvidia-driver:open-dkms", "580": "nvidia-driver:580-dkms"}


def found(distro: str, release: str, card: Card, repo: str = "") -> Stack | Refusal:
    request = Request(distro=distro, release=release, cards=(card,), frameworks=("torch",), repo=repo)
    return attempt(request, facts(), TODAY)


def planned(distro: str, release: str, card: Card, repo: str = "") -> Stack:
    stack = found(distro, release, card, repo)
    assert isinstance(stack, Stack), stack.because
    return stack


def nothing() -> None:
    raise AssertionError


@each("distro, release", [(distro, release) for distro in NAMES for release in ("8", "9", "10")])
def test_a_clone_is_planned_as_what_it_is_a_clone_of(distro: str, release: str) -> None:
    stack, like = planned(distro, release, ADA), planned("rhel", release, ADA)
    assert (stack.distro_name, stack.release) == (NAMES[distro], release)
    assert (stack.driver, stack.repositories) == (like.driver, like.repositories)
    assert stack.driver is not None
    assert (stack.driver.repo, stack.driver.flavour, stack.driver.packages) == ("nvidia", "open", ("nvidia-open",))
    assert [one.id for one in stack.repositories][:2] == ["epel", f"cuda-rhel{release}-x86_64"]


@each("release", ["8", "9"])
def test_a_stream_holds_the_branch(release: str) -> None:
    for card, line in ((ADA, "main"), (BLACKWELL, "main"), (HOPPER, "main"), (PASCAL, "580")):
        driver = planned("rocky", release, card).driver
        assert driver is not None
        assert (driver.stream, driver.branch == "580") == (STREAMS[line], line == "580")


def test_without_streams_an_old_card_is_left_to_the_installer() -> None:
    assert planned("rhel", "10", HOPPER).driver is not None
    assert not planned("rhel", "10", HOPPER).driver.stream  # type: ignore[union-attr]
    assert isinstance(found("rhel", "10", PASCAL), Refusal)
    assert planned("rhel", "10", PASCAL, "runfile").driver is not None


@each("release, key", [("8", "2F86D6A1"), ("9", "3228467C"), ("10", "E37ED158")])
def test_each_release_has_the_key_that_signs_for_it(release: str, key: str) -> None:
    epel = planned("almalinux", release, ADA).repositories[0]
    assert epel.key.key_id == key
    assert epel.key.fingerprint.endswith(key)


@each("release, python", [("8", "3.12"), ("9", "3.12"), ("10", "3.12")])
def test_a_python_beside_an_old_one_comes_as_a_package(release: str, python: str) -> None:
    (environment,) = planned("rocky", release, ADA).environments
    assert environment.python == python
    assert environment.python_packages == (() if release == "10" else (f"python{python}",))


def test_a_point_release_is_one_of_its_release() -> None:
    asked = ask(facts(), Wanted(distro="rocky", release="9.6", gpus=("RTX 4090",)), nothing)  # type: ignore[arg-type]
    assert (asked.request.distro, asked.request.release) == ("rocky", "9")
    with pytest.raises(WrongInputError, match="Rocky Linux"):
        ask(facts(), Wanted(distro="rocky", release="7.9", gpus=("RTX 4090",)), nothing)  # type: ignore[arg-type]
    with pytest.raises(WrongInputError, match="Fedora"):
        ask(facts(), Wanted(distro="fedora", release="44.1", gpus=("RTX 4090",)), nothing)  # type: ignore[arg-type]


def test_they_are_among_the_names() -> None:
    assert set(NAMES) <= set(systems.names(facts()))


def test_steps_are_those_of_the_family() -> None:
    steps = {step.id: step for step in recipe(planned("rocky", "9", PASCAL)).steps}
    for name in (
        "repositories",
        "builder-repository",
        "module-stream",
        "kernel-headers",
        "driver",
        "nouveau",
        "verify",
    ):
        assert name in steps, name
    assert "akmods" not in steps["driver"].apply
    assert "Fedora" not in steps["python"].why
    assert "module-stream" not in {step.id for step in recipe(planned("rocky", "10", ADA)).steps}


@pytest.mark.parametrize("kind", ["bash", "cloud-init", "ansible", "kickstart"])
def test_formats_are_written(kind: str) -> None:
    assert "Rocky Linux 9" in render(recipe(planned("rocky", "9", ADA)), kind, "2026-12-01")


def test_a_format_without_its_words_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"bundle.*AlmaLinux"):
        render(recipe(planned("almalinux", "9", ADA)), "bundle", "2026-12-01")


@each("release", ["8", "9", "10"])
def test_the_script_is_clean(release: str) -> None:
    text = render(recipe(planned("rocky", release, HOPPER)), "bash", "2026-12-01")
    done = subprocess.run([tool("shellcheck"), "-"], input=text, text=True, capture_output=True, check=False)
    assert done.stdout == ""
