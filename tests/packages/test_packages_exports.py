"""What others make of an export: pip and uv install it, from the stub index, with every hash checked."""

from __future__ import annotations

import functools
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gpusetup.packages.exports.conda import pixi_workspace
from gpusetup.packages.exports.uv import uv_project
from gpusetup.packages.model import Package, Resolution
from gpusetup.resolve import lock
from gpusetup.resolve.model import Environment, Packages, Request, Requirement
from tests.support import Run, tool

HERE = "{}.{}".format(*sys.version_info)
CARD = ("--gpu", "RTX 4090", "--release", "44", "--framework", "torch", "--with", "seer", "--python", HERE)
ENVIRONMENT = functools.partial(
    Environment, name="torch", python="3.13", python_packages=(), frameworks=("torch",), cuda="12.6", cudnn=""
)
EVERY = {"torch-2.14.0", "seer-0.3", "numpy-2.5.0"}


def exported(gpusetup: Run, form: str, path: Path) -> Path:
    done = gpusetup("plan", *CARD, "--format", form, "-o", path)
    assert done.returncode == 0, done.stderr
    return path


def installed(folder: Path) -> set[str]:
    return {path.name.removesuffix(".dist-info") for path in folder.glob("*.dist-info")}


def run(*words: str | Path) -> None:
    done = subprocess.run([*words], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


def test_pip_installs_the_requirements(gpusetup: Run, index: str, tmp_path: Path) -> None:
    file = exported(gpusetup, "requirements", tmp_path / "r.txt")
    run(sys.executable, "-m", "pip", "install", "--isolated", "--no-cache-dir", "--quiet", "--require-hashes",
        "--no-deps", "--index-url", index, "--target", tmp_path / "there", "-r", file)  # fmt: skip
    assert installed(tmp_path / "there") == EVERY


def test_a_changed_hash_is_refused_by_pip(gpusetup: Run, index: str, tmp_path: Path) -> None:
    file = exported(gpusetup, "requirements", tmp_path / "r.txt")
    lines = file.read_text().splitlines()
    lines[-1] = lines[-1].partition("sha256:")[0] + "sha256:" + "0" * 64
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(AssertionError, match="DO NOT MATCH"):
        run(sys.executable, "-m", "pip", "install", "--isolated", "--no-cache-dir", "--quiet", "--require-hashes",
            "--no-deps", "--index-url", index, "--target", tmp_path / "there", "-r", file)  # fmt: skip


@pytest.mark.usefixtures("index")
def test_uv_installs_the_pylock(gpusetup: Run, tmp_path: Path) -> None:
    file = exported(gpusetup, "pylock", tmp_path / "pylock.toml")
    document = tomllib.loads(file.read_text())
    assert document["lock-version"] == "1.0"
    assert all(wheel["hashes"]["sha256"] for one in document["packages"] for wheel in one["wheels"])
    run(tool("uv"), "pip", "install", "--quiet", "--python", sys.executable, "--target", tmp_path / "there", "-r", file)
    assert installed(tmp_path / "there") == EVERY


@pytest.mark.usefixtures("index")
def test_uv_locks_a_project_with_the_settings(gpusetup: Run, tmp_path: Path) -> None:
    exported(gpusetup, "uv", tmp_path / "pyproject.toml")
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    assert project["project"]["dependencies"] == ["torch==2.14.0", "numpy", "seer==0.3"]
    assert "numpy==2.5.0" in project["tool"]["uv"]["constraint-dependencies"]


@pytest.mark.usefixtures("index")
def test_uv_makes_the_environment_of_the_project(gpusetup: Run, tmp_path: Path) -> None:
    project = exported(gpusetup, "uv", tmp_path / "pyproject.toml").parent
    run(tool("uv"), "lock", "--quiet", "--project", project, "--python", sys.executable)
    run(tool("uv"), "sync", "--quiet", "--frozen", "--project", project, "--python", sys.executable)
    (place,) = project.glob(".venv/lib/python*/site-packages")
    assert installed(place) == EVERY


def test_an_index_of_a_framework_is_named_for_it_alone() -> None:
    torch = Requirement(text="torch==2.14.1+cu126", index="https://one.example/cu126")
    environment = ENVIRONMENT(requirements=(torch, Requirement(text="plain==1.2")))
    request = Request(packages=Packages(indexes=("https://two.example/simple",), prereleases=True))
    found = Resolution(packages=(Package(name="torch", version="2.14.1+cu126"),), resolver="uv")
    settings = tomllib.loads(uv_project(environment, found, request))["tool"]["uv"]
    assert settings["sources"] == {"torch": {"index": "gpusetup-1"}}
    assert [(one["url"], one.get("explicit", False)) for one in settings["index"]] == [
        ("https://one.example/cu126", True), ("https://two.example/simple", False)]  # fmt: skip
    assert settings["prerelease"] == "allow"
    pixi = tomllib.loads(pixi_workspace(environment, found, request))
    assert pixi["pypi-dependencies"] == {"torch": {"version": "==2.14.1+cu126", "index": "https://one.example/cu126"}}
    assert pixi["system-requirements"] == {"cuda": "12.6"}
    assert pixi["pypi-options"]["extra-index-urls"] == ["https://one.example/cu126", "https://two.example/simple"]


def test_pip_installs_what_conda_hands_to_it(gpusetup: Run, index: str, tmp_path: Path) -> None:
    file = exported(gpusetup, "conda", tmp_path / "environment.yml")
    document = pytest.importorskip("yaml").safe_load(file.read_text())
    python, pip, wheels = document["dependencies"]
    assert (python, pip) == (f"python={HERE}", "pip")
    (tmp_path / "condaenv.requirements.txt").write_text("\n".join(wheels["pip"]) + "\n")
    run(sys.executable, "-m", "pip", "install", "--isolated", "--no-cache-dir", "--quiet", "--index-url", index,
        "--target", tmp_path / "there", "-r", tmp_path / "condaenv.requirements.txt")  # fmt: skip
    assert installed(tmp_path / "there") == EVERY


@pytest.mark.usefixtures("index")
def test_pixi_gets_every_version(gpusetup: Run, tmp_path: Path) -> None:
    document = tomllib.loads(exported(gpusetup, "pixi", tmp_path / "pixi.toml").read_text())
    assert document["dependencies"] == {"python": f"{HERE}.*"}
    named = {f"{name}-{version.removeprefix('==')}" for name, version in document["pypi-dependencies"].items()}
    assert named == EVERY
    assert document["workspace"]["platforms"] == ["linux-64"]


@pytest.mark.usefixtures("index")
def test_a_lock_has_every_wheel(gpusetup: Run, tmp_path: Path) -> None:
    file = tmp_path / "gpusetup.lock"
    done = gpusetup("plan", *CARD, "--format", "toml", "--wheels", "-o", file)
    assert done.returncode == 0, done.stderr
    (profile,) = lock.load(file).profile.values()
    assert {line.partition("==")[0] for line in profile.environment[0].wheels} == {"torch", "seer", "numpy"}
    recipe = gpusetup("install", "--plan", file)
    assert recipe.returncode == 0, recipe.stderr
    assert all(line in recipe.stdout for line in profile.environment[0].wheels)


@pytest.mark.usefixtures("index")
def test_two_environments_are_not_one_file(gpusetup: Run) -> None:
    done = gpusetup("plan", "--gpu", "RTX 4090", "--release", "44", "--format", "requirements")
    assert done.returncode == 4
    assert "name one with --framework" in done.stderr
