"""A release that came out after the tables were written is planned by the newest one in them, for a year."""

from __future__ import annotations

import pytest

from gpusetup.errors import WrongInputError
from gpusetup.facts import facts
from gpusetup.resolve import attempt, resolve
from gpusetup.resolve.model import Card, Refusal, Request
from tests.support import Run, fedoras

ADA = Card(name="GeForce RTX 4090", arch="Ada Lovelace", compute_capability="8.9", known_by="name")
NEWEST = max(int(row.release) for row in fedoras(facts()))


@pytest.mark.parametrize("ahead", [1, 2])
def test_it_has_what_the_newest_one_has_under_its_own_number(ahead: int) -> None:
    stack = resolve(Request(release=str(NEWEST + ahead), cards=(ADA,)), facts())
    like = resolve(Request(release=str(NEWEST), cards=(ADA,)), facts())
    assert stack.release == str(NEWEST + ahead)
    assert stack.driver == like.driver
    own, others = ([one.metalink or one.baseurl for one in which.repositories] for which in (stack, like))
    assert any("rpmfusion" in url for url in own)
    for mine, its in zip(own, others, strict=True):  # RPM Fusion has a place for each release, NVIDIA has not
        assert mine == (its.replace(str(NEWEST), str(NEWEST + ahead)) if "rpmfusion" in its else its)
    warning = next(one for one in stack.warnings if one.fact == "rule-fedora-lag")
    assert f"Fedora {NEWEST + ahead} is newer than the tables" in warning.text
    assert not any(one.fact == "rule-fedora-lag" for one in like.warnings)


def test_its_pythons_are_all_installed_since_nobody_knows_which_is_its_own() -> None:
    stack = resolve(Request(release=str(NEWEST + 1), cards=(ADA,)), facts())
    assert all(one.python_packages == (f"python{one.python}",) for one in stack.environments)


@pytest.mark.parametrize("release", [str(NEWEST + 3), "999999", "0", "-1", "rawhide", "4٤", "44; id", "045"])
def test_any_other_release_is_said_not_to_be_in_the_tables(release: str, gpusetup: Run) -> None:
    with pytest.raises(WrongInputError, match="in the tables"):
        attempt(Request(release=release, cards=(ADA,)), facts())
    done = gpusetup("install", f"--release={release}", "--gpu", "RTX 4090")
    assert (done.returncode, done.stdout) == (2, "")
    assert "in the tables" in done.stderr


def test_a_refusal_there_is_a_refusal_like_any_other() -> None:
    pascal = Card(name="GeForce GTX 1050 Mobile", arch="Pascal", compute_capability="6.1", known_by="name")
    refusal = attempt(Request(release=str(NEWEST + 1), cards=(pascal,), repo="nvidia"), facts())
    assert isinstance(refusal, Refusal)
    assert any("Pascal" in reason.text for reason in refusal.because)
