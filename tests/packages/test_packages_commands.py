"""Own packages on the command line: plan, recipe, container, and the plan that root takes back without a resolver."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from gpusetup.apply.saved_plan import agreed
from gpusetup.errors import MissingError, RefusedError
from gpusetup.facts import facts
from gpusetup.packages.resolver import find_resolver, find_uv
from gpusetup.packages.resolver.pip import installed_pip
from gpusetup.render.model import Origin, Recipe
from tests.support import Run, tool

CARD = ("--gpu", "RTX 4090", "--release", "44")
pytestmark = pytest.mark.usefixtures("index")


def test_a_plan_has_the_packages_of_a_file_and_of_options(gpusetup: Run, tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("seer\n-e .\n")
    done = gpusetup("plan", *CARD, "-r", str(tmp_path / "r.txt"), "--with", "plain", "--with", "dcgm")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "torch==2.14.0 numpy seer==0.3 plain==1.2" in (done.stdout + done.stderr)
    assert ". is built from source: it is left out" in (done.stdout + done.stderr)
    assert "dcgm" in (done.stdout + done.stderr)


def test_a_recipe_and_a_container_install_them(gpusetup: Run) -> None:
    recipe = gpusetup("install", *CARD, "--with", "seer").stdout
    assert "  torch==2.14.0 numpy seer==0.3\n" in recipe
    container = gpusetup("container", *CARD, "--with", "seer").stdout
    assert "torch==2.14.0 numpy seer==0.3" in container


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--with", "nowhere"), 4, "has no nowhere"),
        (("--with", "fabricmanager"), 2, "did you mean fabric-manager?"),
        (("--with", "dgcm"), 2, "did you mean dcgm?"),
        (("--constraint", "/dev/null"), 2, "none is asked for"),
        (("--with", "not a name"), 2, "is no requirement"),
    ],
)
def test_exit_codes(gpusetup: Run, words: tuple[str, ...], code: int, why: str) -> None:
    done = gpusetup("plan", *CARD, *words)
    assert done.returncode == code
    assert why in (done.stdout + done.stderr)


def test_without_a_resolver_there_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    (tmp_path / "python").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python").chmod(0o755)
    with pytest.raises(MissingError) as caught:
        find_resolver()
    assert caught.value.remedy == "pip install uv"


def test_a_resolver_that_others_can_write_is_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text(f"#!/bin/sh\n: >{tmp_path}/ran\n")
    uv.chmod(0o777)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(RefusedError, match="is world-writable"):
        find_uv()
    assert not (tmp_path / "ran").exists()


def test_a_saved_plan_is_agreed_to_without_a_resolver(gpusetup: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = msgspec.json.decode(gpusetup("install", *CARD, "--with", "seer", "--json").stdout, type=Recipe)
    here = Origin(arch="x86_64", cards=(), kernel="", driver="", secure_boot=False)
    saved = msgspec.structs.replace(saved, origin=here)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("gpusetup.packages.resolver.find_resolver", lambda: pytest.fail("a resolver was looked for"))
    assert agreed(saved, None, facts()).digest == saved.digest


def test_json_has_the_request_with_its_packages(gpusetup: Run) -> None:
    stack = json.loads(gpusetup("plan", *CARD, "--with", "seer", "--json").stdout)
    assert [one["text"] for one in stack["request"]["packages"]["pinned"]] == ["seer==0.3"]
    assert stack["request"]["torch"] == "2.14.0"


def test_where_there_is_no_uv_pip_resolves(gpusetup: Run, monkeypatch: pytest.MonkeyPatch, index: str) -> None:
    monkeypatch.setattr("gpusetup.packages.resolver.installed_uv", lambda: None)
    for name in ("PIP_FIND_LINKS", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", index)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    done = gpusetup("plan", *CARD, "--with", "seer")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "torch==2.14.0 numpy seer==0.3" in done.stdout


def test_an_old_pip_does_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    for version, found in (("22.3.1", False), ("23.0", True)):
        (tmp_path / "python").write_text(f"#!/bin/sh\necho pip {version} from /usr\n")
        (tmp_path / "python").chmod(0o755)
        assert (installed_pip() is not None) == found


def test_what_is_built_later_is_told_where_wheels_alone_count(gpusetup: Run) -> None:
    exported = gpusetup(
        "plan", *CARD, "--with", "kernels", "--with", "torch", "--framework", "torch", "--format", "pylock"
    )
    assert exported.returncode == 0
    assert "kernels has no wheel, so it is not in the file; afterwards: pip install" in exported.stderr
    bundle = gpusetup("install", *CARD, "--with", "kernels", "--framework", "torch", "--format", "bundle")
    assert bundle.returncode == 4
    assert "a bundle has wheels alone, and there is none of kernels" in bundle.stderr


@pytest.mark.parametrize("base", ["fedora", "rocky", "cuda-ubuntu"])
def test_an_image_compiles_in_a_stage_that_is_not_shipped(gpusetup: Run, base: str, tmp_path: Path) -> None:
    file = tmp_path / "Containerfile"
    done = gpusetup("container", *CARD, "--framework", "torch", "--with", "kernels", "--base-image", base, "-o", file)
    assert done.returncode == 0, done.stderr
    assert ("if it needs nvcc" in done.stderr) == ("cuda" not in base)
    build, _, runtime = file.read_text().partition(" AS build")[2].partition(" AS runtime")
    assert ("-devel-" in file.read_text()) == ("cuda" in base)
    assert "python3-dev" in build or "gcc gcc-c++ /usr/include/python3.1" in build
    assert "--no-cache-dir" in build
    assert "        kernels \\" in build.splitlines()
    assert "ENV TORCH_CUDA_ARCH_LIST=8.9" in build
    assert not any(word in runtime for word in ("gcc", "g++", "kernels \\"))
    subprocess.run([tool("hadolint"), file], check=True)


def test_what_nvcc_compiles_needs_a_base_with_nvcc(gpusetup: Run) -> None:
    wanted = ("container", *CARD, "--framework", "torch", "--with", "flash-attn")
    refused = gpusetup(*wanted)
    assert refused.returncode == 4
    assert "flash-attn has no wheel, and the base image has no nvcc" in refused.stderr
    assert "--base-image cuda-ubuntu" in refused.stderr
    assert "--no-build-isolation --constraint" in gpusetup(*wanted, "--base-image", "cuda-ubuntu").stdout
    definition = gpusetup(*wanted, "--base-image", "cuda-ubuntu", "--format", "apptainer")
    assert definition.returncode == 0, definition.stderr
    assert "g++ python3-dev" in definition.stdout
    assert "--no-build-isolation --constraint" in definition.stdout.partition("Stage: runtime")[0]
