"""Every supported release × driver owner × generation of card: a recipe, or a refusal that says why."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gpusetup.facts import facts
from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from gpusetup.resolve import attempt
from gpusetup.resolve.model import Card, Refusal, Repo, Request, Stack
from tests.render.test_render_script import shellcheck
from tests.support import chance, drawn

pytestmark = pytest.mark.slow

RELEASES = range(36, 46)
CARDS = {"Pascal": "6.1", "Turing": "7.5", "Ada Lovelace": "8.9", "Blackwell": "12.0"}
OWNERS: tuple[Repo, ...] = ("rpmfusion", "nvidia", "runfile", "wheels")


def scripts(release: int) -> dict[tuple[str, str], str]:
    """Return the script of each owner and card that `release` can have."""
    found: dict[tuple[str, str], str] = {}
    for owner in OWNERS:
        for arch, capability in CARDS.items():
            if owner not in ("rpmfusion", "nvidia") and arch not in ("Pascal", "Ada Lovelace"):
                continue  # whatever drives the others drives these
            card = Card(name=f"a {arch} card", arch=arch, compute_capability=capability, known_by="option")
            result = attempt(Request(release=str(release), cards=(card,), repo=owner, allow_eol=True), facts())
            if isinstance(result, Refusal):
                assert result.because, (release, owner, arch)
            else:
                found[owner, arch] = render(recipe(result), "bash", "2026-11-22")
    return found


@pytest.mark.parametrize("release", drawn("releases whose scripts are read", RELEASES, 3))
def test_a_release_has_scripts_that_bash_can_read(release: int, tmp_path: Path) -> None:
    made = scripts(release)
    assert ("rpmfusion", "Pascal") in made
    assert ("rpmfusion", "Ada Lovelace") in made
    assert ("wheels", "Ada Lovelace") in made
    assert ("runfile", "Ada Lovelace") in made
    for text in made.values():
        assert subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False).stderr == ""
    shellcheck(chance(f"release {release}").choice(list(made.values())), tmp_path)


@pytest.mark.parametrize("release", RELEASES)
def test_the_old_card_keeps_a_driver_on_every_release(release: int) -> None:
    """From Fedora 43 on it has packages of its own; until then the main ones drive it."""
    card = Card(name="GTX 1050 Mobile", arch="Pascal", compute_capability="6.1", known_by="option")
    result = attempt(Request(release=str(release), cards=(card,), allow_eol=True), facts())
    assert isinstance(result, Stack)
    assert result.driver is not None
    assert ("akmod-nvidia-580xx" in result.driver.packages) == (release >= 43)
