"""Nightlies and release candidates: planned where they are asked for, from the index that has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gpusetup.errors import CannotLookError, WrongInputError
from gpusetup.facts import facts
from gpusetup.packages.fit import preview
from gpusetup.packages.fit.preview import previewed
from gpusetup.packages.model import Question, Rejection
from gpusetup.packages.resolver import find_uv
from gpusetup.resolve.asked.cards import named
from gpusetup.resolve.model import Channel, Packages, Refusal, Request, Stack
from gpusetup.resolve.upgrades.wishes import wishes
from tests.packages.stub_index import Stub, write_index
from tests.packages.test_packages_fit import solve
from tests.support import Run

NIGHTLY = "2.16.0.dev20261129+cu132"
THERE = [Stub("torch", NIGHTLY, needs=("numpy",)), Stub("torch", "2.16.0.dev20261128+cu132")]
pytestmark = pytest.mark.usefixtures("index")


def ask(framework: str, channel: Channel, *wanted: str, **pins: Any) -> Request:
    own = Packages(wanted=wanted, preview=channel)
    card = named(facts(), ("RTX 4090",), ())
    return Request(release="44", cards=card, frameworks=(framework,), packages=own, **pins)


def plan(request: Request) -> Request | Refusal:
    return previewed(request, facts(), solve, find_uv())


def lines(request: Request | Refusal) -> list[tuple[str, str]]:
    assert isinstance(request, Request), request.because
    stack = solve(request)
    assert isinstance(stack, Stack)
    return [(one.text, one.index) for one in stack.environments[0].requirements]


@pytest.fixture
def channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Lead the nightlies of PyTorch to an index of the test's own."""
    address = write_index(tmp_path / "nightly", THERE)
    rows = tuple(replace(one, index=address) if one.framework == "torch" else one for one in preview.rows())
    monkeypatch.setattr(preview, "rows", lambda: rows)
    return address


def test_the_newest_nightly_is_pinned_with_its_index_and_what_else_was_asked(channel: str) -> None:
    made = plan(ask("torch", "nightly", "plain"))
    assert lines(made) == [(f"torch=={NIGHTLY}", channel), ("numpy", ""), ("plain==1.2", "")]
    assert isinstance(made, Request)
    (note,) = (one.text for one in made.packages.notes)
    assert "judged as for PyTorch 2.15.0" in note
    assert lines(wishes(made))[0][0] == "torch==2.15.0", "what was found is found again, and no wish"


def test_the_index_is_that_of_the_builds_cuda() -> None:
    asked: list[Question] = []

    def resolve(question: Question) -> Rejection:
        asked.append(question)
        return Rejection(kind="unreachable", index="https://download.pytorch.org/whl/nightly/cu132/torch/")

    with pytest.raises(CannotLookError, match=r"no nightly of PyTorch .*/nightly/cu132 did not answer"):
        previewed(ask("torch", "nightly"), facts(), solve, resolve)
    assert asked[0].wanted == ("torch>=2.15.1.dev0", "numpy")
    assert asked[0].indexes == ("https://download.pytorch.org/whl/nightly/cu132",)
    with pytest.raises(CannotLookError, match=r"jax-public-nightly"):
        previewed(ask("jax", "nightly"), facts(), solve, resolve)
    names = [line.partition(">=")[0] for line in asked[1].wanted]
    assert names[:4] == ["jax[cuda13]", "jaxlib", "jax-cuda13-plugin", "jax-cuda13-pjrt"]


def test_a_nightly_under_another_name_takes_the_place_of_the_release() -> None:
    found = [text for text, _ in lines(plan(ask("tensorflow", "nightly")))]
    assert found[0] == "tf-nightly[and-cuda]==2.23.0.dev20261026"
    assert not any(text.startswith("tensorflow") for text in found)


def test_where_there_is_none_the_refusal_says_so() -> None:
    refused = plan(ask("tensorflow", "rc"))
    assert isinstance(refused, Refusal)
    assert refused.because[0].text == "no release candidate of TensorFlow after 2.21.0 was found"


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (ask("jax", "rc"), "no index of release candidates of JAX"),
        (ask("torch", "nightly", torch="2.15.0"), "exclude each other"),
        (replace(ask("torch", "nightly"), frameworks=("torch", "jax")), "is about one framework"),
    ],
)
def test_what_cannot_be_meant_is_refused(request_: Request, why: str) -> None:
    with pytest.raises(WrongInputError, match=why):
        plan(request_)


def test_without_the_wish_no_command_takes_one(gpusetup: Run) -> None:
    card = ("--gpu", "RTX 4090", "--release", "44", "--framework", "tensorflow")
    assert "nightly" not in gpusetup("plan", *card, "--with", "plain").stdout
    recipe = gpusetup("install", *card, "--preview", "nightly", "--with", "plain")
    assert recipe.returncode == 0, recipe.stderr
    assert "tf-nightly[and-cuda]==2.23.0.dev20261026" in recipe.stdout
    assert "plain==1.2" in recipe.stdout
