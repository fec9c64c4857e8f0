"""Stack and packages fitted to each other by the real uv, on an index of stub wheels."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from gpusetup.errors import CannotLookError
from gpusetup.facts import facts
from gpusetup.packages.fit.search import _tells
from gpusetup.packages.fitted import fitted
from gpusetup.packages.model import Clash, Fit, Rejection
from gpusetup.resolve import attempt
from gpusetup.resolve.asked.cards import named
from gpusetup.resolve.model import Packages, Refusal, Request, Stack

TODAY = date(2026, 11, 30)
Fitted = Callable[..., "Fit | Refusal"]


def ask(
    *wanted: str,
    constraints: tuple[str, ...] = (),
    pre: bool = False,
    gpus: tuple[str, ...] = ("RTX 4090",),
    **more: Any,
) -> Request:
    own = Packages(wanted=wanted, constraints=constraints, prereleases=pre)
    return Request(release="44", cards=named(facts(), gpus, ()), packages=own, **more)


@functools.cache
def solve(request: Request) -> Stack | Refusal:
    """Solve each request once for all tests of a process."""
    return attempt(request, facts(), TODAY)


def fit(*wanted: str, frameworks: tuple[str, ...] = (), **more: Any) -> Fit | Refusal:
    request = ask(*wanted, **more) if not frameworks else ask(*wanted, frameworks=frameworks, **more)
    return fitted(request, facts(), solve, named=bool(frameworks))


def lines(found: Fit | Refusal) -> list[str]:
    """Return the exact requirements of the packages' environment."""
    assert isinstance(found, Fit), found.because
    home = found.request.packages.home
    environment = next(one for one in found.stack.environments if home in one.frameworks)
    return [one.text for one in environment.requirements if "==" in one.text]


def texts(found: Fit | Refusal) -> str:
    assert isinstance(found, Refusal)
    return "\n".join(reason.text for reason in found.because)


pytestmark = pytest.mark.usefixtures("index")


def test_a_package_that_fits_is_pinned_beside_the_newest_torch() -> None:
    assert lines(fit("plain[fast]", "torch")) == ["torch==2.15.0", "plain[fast]==1.2"]


def test_the_frameworks_are_those_that_the_packages_need() -> None:
    found = fit("seer")
    assert isinstance(found, Fit)
    assert found.request.frameworks == ("torch",)
    assert lines(fit("arrays"))[0].startswith("jax[cuda13]==")  # of JAX, which is planned only where it is asked for


def test_a_package_of_an_older_torch_sends_the_choice_back() -> None:
    found = fit("seer")
    assert lines(found) == ["torch==2.14.0", "seer==0.3"]
    assert isinstance(found, Fit)
    chosen = found.stack.choice("torch")
    assert chosen is not None
    assert any("your packages need torch 2.14.0" in one.because[0].text for one in chosen.rejected)


def test_a_package_of_another_python_moves_the_environment() -> None:
    found = fit("only312")
    assert isinstance(found, Fit)
    assert [one.python for one in found.stack.environments] == ["3.12"]
    assert "python" in found.request.packages.fixes


def test_a_package_of_another_framework_gets_that_environment() -> None:
    found = fit("flows")
    assert isinstance(found, Fit)
    assert found.request.packages.home == "tensorflow"
    assert "tensorflow[and-cuda]==2.17.1" in lines(found)


def test_a_package_built_for_another_cuda_gets_that_build_of_torch() -> None:
    found = fit("array-cuda12x")
    assert isinstance(found, Fit)
    torch = next(one for one in found.stack.environments if "torch" in one.frameworks)
    assert torch.cuda.startswith("12.")
    assert any(note.fact == "packages:index" for note in found.request.packages.notes)  # PyTorch's index is not here


def test_on_a_card_that_no_such_build_runs_on_the_cuda_is_refused() -> None:
    refused = fit("array-cuda12x", frameworks=("jax",), jax="0.12.0.1", driver="610")
    assert "built for CUDA 12, and the environment has CUDA 13.0" in texts(refused)


def test_a_framework_without_its_gpu_part_is_no_home() -> None:
    found = fit("arrays", "quiet")
    assert isinstance(found, Fit)
    assert found.request.packages.home == "jax"


def test_the_newest_python_is_kept_where_one_framework_alone_has_wheels_for_it() -> None:
    found = fit("seer")
    assert isinstance(found, Fit)
    assert found.stack.environments[0].python == "3.14"


def test_a_framework_that_comes_along_is_told() -> None:
    found = fit("both")
    assert isinstance(found, Fit)
    notes = [note.text for note in found.request.packages.notes if note.fact == "packages:framework"]
    assert len(notes) == 1
    assert notes[0].startswith("TensorFlow is among your packages, in the environment of torch")


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (("nowhere",), "the package index has no nowhere"),
        (("plain>=9",), "no such release of plain"),
        (("oldseer",), "oldseer needs torch==1.0.0"),
        (("torch==2.4.0", "seer==0.3"), "needs torch==2.14.0\non Python 3.12, cards and driver allow torch"),
    ],
)
def test_a_refusal_says_why_in_our_terms(wanted: tuple[str, ...], why: str) -> None:
    assert why in texts(fit(*wanted))


def test_what_no_choice_of_ours_changes_is_said_before_what_clashes() -> None:
    needs = Clash(package="seer==0.3", needs="torch==2.14.0")
    clash = Rejection(kind="conflict", packages=("seer",), clashes=(needs,))
    missing = Rejection(kind="no-version", packages=("plain",))
    assert _tells(missing) > _tells(clash) > _tells(Rejection(kind="no-version", packages=("torch",)))


def test_a_refusal_names_changes_that_were_tried() -> None:
    refused = fit("seer", "oldseer")
    assert isinstance(refused, Refusal)
    ways = [way.text for way in refused.ways_out]
    assert any(way.startswith("leave out oldseer") for way in ways)
    assert not any(way.startswith("leave out seer") for way in ways)


def test_a_constraint_keeps_a_package_to_its_version() -> None:
    assert "plain==1.1" in lines(fit("plain", "torch", constraints=("plain<1.2",)))


def test_a_pre_release_is_chosen_only_when_asked_for() -> None:
    assert "newest==1.0" in lines(fit("newest"))
    assert "newest==2.0rc1" in lines(fit("newest", pre=True))


def test_an_index_that_does_not_answer_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(CannotLookError, match="did not answer"):
        fit("plain")


def test_what_was_fitted_is_solved_again_without_a_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    found = fit("seer")
    assert isinstance(found, Fit)
    monkeypatch.setenv("PATH", "")
    assert attempt(found.request, facts(), TODAY) == found.stack


def test_every_wheel_of_the_resolution_has_its_hash() -> None:
    found = fit("seer")
    assert isinstance(found, Fit)
    assert {one.name for one in found.resolution.packages} == {"seer", "torch", "numpy"}
    assert all(len(file.sha256) == 64 for one in found.resolution.packages for file in one.files)
