"""The extras bring what they say: frameworks that use the GPU, and no release candidate."""

from __future__ import annotations

import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from gpusetup.facts import facts
from tests.support import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
OLDEST = tomllib.loads((ROOT / "checks/common/needs.toml").read_text())
ON_A_SERVER = {"platform_machine": "x86_64", "sys_platform": "linux", "python_version": "3.13"}


def brought(extra: str, **environment: str) -> dict[str, Requirement]:
    """Return what `extra` requires in the environment, by name."""
    every = map(Requirement, EXTRAS[extra])
    there = ON_A_SERVER | environment
    return {one.name: one for one in every if one.marker is None or one.marker.evaluate(there)}


def test_tensorflow_comes_with_cuda() -> None:
    assert brought("tensorflow")["tensorflow"].extras == {"and-cuda"}
    assert set(brought("tensorflow-cpu")) == {"tensorflow-cpu", "numpy"}


def test_where_tensorflow_has_no_build_for_gpus_none_is_brought() -> None:
    """Source: tensorflow.org/install/pip (read 2026-11-30): the builds for Linux on ARM are builds for the CPU."""
    assert set(brought("tensorflow", platform_machine="aarch64")) == {"numpy"}
    assert set(brought("tensorflow-cpu", platform_machine="aarch64")) == {"tensorflow", "numpy"}


@pytest.mark.parametrize(("extra", "name"), [("tensorflow", "tensorflow"), ("tensorflow-cpu", "tensorflow-cpu")])
def test_no_release_candidate_of_tensorflow_is_allowed(extra: str, name: str) -> None:
    allowed = brought(extra, python_version="3.14")[name].specifier
    newest = max((Version(row.release) for row in facts().tensorflow), default=Version("0"))
    assert allowed.contains(newest), "raise the bound: the tables know a newer release"
    after = f"{newest.major}.{newest.minor + 1}.0"
    assert not any(allowed.contains(f"{after}rc{number}", prereleases=True) for number in range(3))
    assert SpecifierSet(">=2").contains(f"{after}rc0", prereleases=True), "without a bound one would be"


def test_jax_comes_with_cuda_and_the_light_ones_without() -> None:
    assert brought("jax")["jax"].extras == {"cuda12"}
    assert not brought("jax-cpu")["jax"].extras


@pytest.mark.parametrize("extra", ["torch", "tensorflow", "tensorflow-cpu", "jax", "jax-cpu"])
def test_the_oldest_release_allowed_is_the_oldest_that_the_checks_run_on(extra: str) -> None:
    for name, requirement in brought(extra).items():
        oldest = OLDEST[name.removesuffix("-cpu")]
        assert requirement.specifier.contains(oldest)
        assert not requirement.specifier.contains("0.0.1")
