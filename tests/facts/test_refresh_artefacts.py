"""The refresher that reads wheels: what it adds, what it corrects, and what it says of wheels it cannot read."""

from __future__ import annotations

import io
from argparse import Namespace
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from gpusetup.facts import Facts, facts
from gpusetup.facts.model.artefacts import Artefact
from tests.facts.local_server import Upstream, serve
from tests.facts.small_wheels import CODE, fat_binary, library, torch_wheel, wheel
from tools import artefact_tables, missing_releases, pip_index, refresh_artefacts
from tools.artefact.archive import Archive
from tools.artefact.wheel import read
from tools.rows import Row

TODAY = date(2026, 11, 30)
OPTIONS = {"again": False, "whole": False, "most": 16, "package": ["torch"], "release": None, "machine": ["x86_64"]}
RELEASES = {"torch": ["9.9.0", "1.13.1"], "tensorflow": ["9.8.1"], "jaxlib": ["9.7"], "jax-cuda13-plugin": ["9.7"]}


def for_one_python(package: str, python: str, machine: str = "x86_64") -> tuple[str, ...]:
    return tuple(RELEASES.get(package, ())) if python == "3.13" else ()


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    """An index with one torch wheel; Python 3.13 alone has wheels."""
    with serve() as upstream:
        name = "torch-9.9.0-cp313-cp313-manylinux_2_28_x86_64.whl"
        upstream.pages[f"/{name}"] = torch_wheel()
        monkeypatch.setattr(pip_index, "versions", lambda package: RELEASES.get(package, []))
        monkeypatch.setattr(pip_index, "versions_for", for_one_python)
        monkeypatch.setattr(pip_index, "address", lambda *_: f"{upstream.url}/{name}")
        yield upstream


def added(rows: list[Row], **options: Any) -> list[str]:
    return list(refresh_artefacts.artefacts(rows, TODAY, Namespace(**OPTIONS | options)))


def test_a_wheel_becomes_a_row_and_is_not_read_again(index: Upstream) -> None:
    rows: list[Row] = []
    (told,) = added(rows)
    assert told.startswith("artefact-torch-9.9.0: 4 fat binaries with 8.0; says sm_80 sm_90 compute_90")
    (row,) = rows
    assert row["file"].startswith("torch-9.9.0-cp313")
    assert (row["python"], row["cc"], row["partly"], row["source"]) == (
        "3.13",
        ["8.0"],
        ["9.0a", "12.0f"],
        ["pypi-torch"],
    )
    asked = len(index.asked)
    assert added(rows) == []
    assert len(index.asked) == asked
    assert len(added(rows, again=True)) == 1
    assert len(rows) == 1


def test_a_wheel_that_cannot_be_read_is_said_and_the_others_are_read(index: Upstream) -> None:
    index.ranges = False
    rows: list[Row] = []
    (told,) = added(rows)
    assert "torch 9.9.0 for x86_64 was not read: the server sends" in told
    assert rows == []


def test_a_file_over_the_limit_is_named(index: Upstream) -> None:
    rows: list[Row] = []
    (told,) = added(rows, most=0)
    assert "no GPU code read" in told
    assert "too large: torch/lib/libc10_cuda.so, torch/lib/libtorch_cuda.so" in told


def artefact(package: str, release: str, **fields: Any) -> Artefact:
    return Artefact(
        id="artefact-x", package=package, release=release, file="x.whl", source=("x",), read_on=TODAY, **fields
    )


def test_the_tables_are_corrected_by_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    release = facts().torch[1].release
    variant = facts().torch[1].default_variant
    read = {"torch": [artefact("torch", release, said=("sm_80", "sm_90"))],
            "tensorflow": [artefact("tensorflow", "9.8.1", said=("sm_80", "compute_90")),
                           artefact("tensorflow", "9.8.2", said=("sm_80",))]}  # fmt: skip
    monkeypatch.setattr(artefact_tables, "_read", lambda package: read[package])
    build = {"id": "b", "releases": [release], "variant": variant, "cc": ["7.0"], "ptx": "9.0", "source": ["x:y"],
             "read_on": TODAY}  # fmt: skip
    assert len(list(artefact_tables.torch_build([build], TODAY))) == 3
    assert (build["cc"], build.get("ptx"), build["measured"]) == (["8.0", "9.0"], None, "wheel")
    assert list(artefact_tables.torch_build([build], TODAY)) == []
    row = {"id": "t", "release": "9.8.1", "source": ["x:y"], "read_on": TODAY}
    said = list(artefact_tables.tensorflow([row], TODAY))
    assert (row["cc"], row["ptx"]) == (["8.0", "9.0"], "9.0")
    assert said[-1] == "tensorflow 9.8.2 was read, but has no row"


def test_a_release_of_jax_gets_a_row_with_its_plugins(index: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    requires = ("nvidia-cudnn-cu13>=9.12,<10.0", "nvidia-nccl-cu13>=2.27.7", "nvidia-cuda-runtime>=13.0.48")
    plugin = artefact("jax-cuda13-plugin", "9.7", requires=requires, cc=("7.5", "12.0"), ptx=("12.0",), binaries=3)
    monkeypatch.setattr(artefact_tables, "_read", lambda package: [plugin] if package == plugin.package else [])
    rows: list[Row] = []
    assert list(artefact_tables.jax(rows, TODAY))
    (row,) = rows
    assert (row["release"], row["python"]) == ("9.7", ["3.13"])
    assert row["plugins"][0] == {
        "cuda": 13, "package": "jax-cuda13-plugin", "python": ["3.13"], "runtime": "nvidia-cuda-runtime>=13.0.48",
        "cudnn": "nvidia-cudnn-cu13>=9.12,<10.0", "nccl": "nvidia-nccl-cu13>=2.27.7",
        "cc": ["7.5", "12.0"], "ptx": "12.0",
    }  # fmt: skip
    assert list(artefact_tables.jax(rows, TODAY)) == []


def test_a_release_without_a_row_is_named(index: Upstream) -> None:
    assert list(missing_releases.missing(facts())) == [
        "torch 9.9.0 has no row", "tensorflow 9.8.1 has no row", "jax-cuda13-plugin 9.7 has no row",
    ]  # fmt: skip
    have = Facts()
    have.__dict__ |= {"torch": (type("Row", (), {"release": "9.9.0"})(),)}
    assert "torch 9.9.0 has no row" not in list(missing_releases.missing(have))


def test_what_a_package_says_of_itself_counts_before_what_was_sampled() -> None:
    assert artefact("torch", "1", cc=("8.0",), ptx=("9.0", "12.0")).capabilities == (("8.0",), "12.0")
    told = artefact("tensorflow", "1", cc=("8.0",), said=("sm_89", "compute_90"))
    assert told.capabilities == (("8.9", "9.0"), "9.0")


def whole(package: str, members: dict[str, bytes]) -> Archive:
    return Archive(io.BufferedReader(io.BytesIO(wheel(package, "9.7", members))), "x.whl")


def test_other_packages_are_read_by_their_own_files() -> None:
    versions = library(["libcudart.so.13"], "$ORIGIN/../nvidia/cudnn/lib", rpath=True)
    plugin = {
        "jax_cuda13_plugin/_prng.so": library([], "", fat_binary(CODE)),
        "jax_cuda13_plugin/_versions.so": versions,
    }
    found = read(whole("jax-cuda13-plugin", plugin), "jax-cuda13-plugin", None)
    assert (found.cc, found.ptx, found.search) == (("8.0", "9.0a"), ("9.0",), ("nvidia/cudnn/lib",))
    built = b"build_info = {'cuda_compute_capabilities': ['sm_60', 'compute_90']}"
    members = {"tensorflow/python/platform/build_info.py": built}
    assert read(whole("tensorflow", members), "tensorflow", 0).said == ("sm_60", "compute_90")
