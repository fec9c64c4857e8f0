"""The same by the real pip, on the same index of stub wheels."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
import pytest

from gpusetup.errors import CannotLookError
from gpusetup.facts import facts
from gpusetup.packages.fitted import fitted
from gpusetup.packages.model import Clash, Fit, Question, Rejection, Resolution
from gpusetup.packages.resolver.pip import Pip, _caveat, _under, installed_pip
from gpusetup.packages.resolver.pip_refusals import read_refusal
from gpusetup.resolve.model import Refusal
from tests.packages.test_packages_fit import ask, lines, solve

HERE = "{}.{}".format(*sys.version_info)


@pytest.fixture
def pip(world: str, monkeypatch: pytest.MonkeyPatch) -> Pip:
    """pip that knows the stub index alone."""
    for name in [one for one in os.environ if one.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_INDEX_URL", world)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    found = installed_pip()
    assert found is not None, "the tests' own Python has pip"
    return found


def fit(pip: Pip, *wanted: str) -> Fit | Refusal:
    return fitted(ask(*wanted), facts(), solve, named=False, resolve=pip)


def test_an_older_torch_is_found(pip: Pip) -> None:
    assert lines(fit(pip, "seer")) == ["torch==2.14.0", "seer==0.3"]


def test_wheels_are_those_of_the_target(pip: Pip) -> None:
    found = pip(Question(wanted=("only312",), python="3.12"))
    assert isinstance(found, Resolution)
    assert [one.name for one in found.packages if one.name == "only312"] == ["only312"]


def test_every_wheel_has_its_hash(pip: Pip) -> None:
    found = pip(Question(wanted=("seer",), python=HERE))
    assert isinstance(found, Resolution)
    assert {(one.name, one.version) for one in found.packages} == {
        ("seer", "0.3"),
        ("torch", "2.14.0"),
        ("numpy", "2.5.0"),
    }
    assert all(len(file.sha256) == 64 for one in found.packages for file in one.files)
    assert found.resolver.startswith("pip ")


def test_a_package_as_source_alone_is_built_on_the_host(pip: Pip) -> None:
    found = fit(pip, "kernels", "torch")
    assert isinstance(found, Fit)
    assert [one.text for one in found.stack.environments[0].built] == ["kernels"]


@pytest.mark.parametrize(
    ("wanted", "kind", "name"),
    [
        ("nowhere", "not-found", "nowhere"),
        ("uses-kernels", "source-only", "kernels"),
        ("plain>=9", "no-version", "plain"),
        ("only312", "no-wheel", "only312"),
    ],
)
def test_a_refusal_has_its_kind_and_its_package(pip: Pip, wanted: str, kind: str, name: str) -> None:
    said = pip(Question(wanted=(wanted,), python="3.14"))
    assert isinstance(said, Rejection)
    assert (said.kind, said.packages) == (kind, (name,))


def test_a_conflict_says_who_needs_what(pip: Pip) -> None:
    said = pip(Question(wanted=("torch==2.4.0", "seer==0.3"), python="3.14"))
    assert isinstance(said, Rejection)
    assert said.kind == "conflict"
    assert Clash(package="seer==0.3", needs="torch==2.14.0") in said.clashes
    assert Clash(package="torch==2.4.0", needs="torch==2.4.0") in said.clashes


def test_an_index_that_does_not_answer_is_no_refusal(pip: Pip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(CannotLookError, match="did not answer"):
        fit(pip, "plain")


def test_a_further_index_that_does_not_answer_is_no_answer(pip: Pip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_RETRIES", "0")
    said = pip(Question(wanted=("plain",), python=HERE, indexes=("http://127.0.0.1:9/cu126",)))
    assert isinstance(said, Rejection)
    assert (said.kind, said.index) == ("unreachable", "http://127.0.0.1:9/cu126/plain/")


def test_what_pip_decides_for_this_system_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpusetup.packages.resolver.pip._under", lambda _python: ())
    other = "3.14" if HERE != "3.14" else "3.13"
    assert _caveat(Question(wanted=(), python=other)).startswith(f"pip decides for Python {HERE}")
    assert _caveat(Question(wanted=(), python=HERE)) == ""
    assert "aarch64" in _caveat(Question(wanted=(), python=HERE, machine="aarch64"))


def test_a_shim_that_runs_no_python_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shim = tmp_path / "python3.99"
    monkeypatch.setenv("PATH", str(tmp_path))
    for code, used in ((1, False), (0, True)):
        shim.write_text(f"#!/bin/sh\nexit {code}\n")
        shim.chmod(0o755)
        assert bool(_under.__wrapped__("3.99")) == used


def test_an_index_that_lacks_a_package_has_answered() -> None:
    lacks = "Could not fetch URL https://x.example/simple/a/: 404 Client Error: Not Found for url: … - skipping"
    assert read_refusal(f"{lacks}\n{'ERROR: something new'}").kind == "other"
    assert msgspec.structs.asdict(read_refusal(""))["kind"] == "other"
