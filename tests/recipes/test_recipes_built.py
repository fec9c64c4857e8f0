"""What has no wheel is built by the real pip in the environment that the step made, under the lock's constraints."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import msgspec
import pytest

from gpusetup.render.model import Recipe, Step
from gpusetup.render.steps import recipe
from gpusetup.resolve.model import Built, Requirement
from tests.recipes.test_recipes_environments import Home, wheel

pytestmark = pytest.mark.slow

BACKEND = """\
import pathlib, sys, zipfile
{first}

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "own-1.0-py3-none-any.whl"
    metadata = "Metadata-Version: 2.1\\nName: own\\nVersion: 1.0\\n{needs}"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as file:
        file.writestr("own.py", "")
        file.writestr("own-1.0.dist-info/METADATA", metadata)
        file.writestr("own-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        file.writestr("own-1.0.dist-info/RECORD", "")
    return name
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def source(folder: Path, *, first: str = "", needs: str = "") -> None:
    """Write a source distribution that brings its own backend; `first` is what that does at import."""
    files = {"backend.py": BACKEND.format(first=first, needs=needs), "pyproject.toml": PROJECT,
             "PKG-INFO": "Metadata-Version: 2.1\nName: own\nVersion: 1.0\n"}  # fmt: skip
    with tarfile.open(folder / "own-1.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"own-1.0/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))


class Builds(Home):
    """A home whose index is a folder with sources as well, and no bundle."""

    built = Built(text="own==1.0")
    bundle = ""

    def recipe(self, *requirements: Requirement) -> tuple[Recipe, Step]:
        whole, _ = super().recipe(*requirements)
        assert whole.stack is not None
        (one,) = whole.stack.environments
        one = msgspec.structs.replace(one, built=(self.built,))
        again = recipe(msgspec.structs.replace(whole.stack, environments=(one,)))
        return again, next(step for step in again.steps if step.id == "environments")

    def run(self, door: str, *requirements: Requirement) -> subprocess.CompletedProcess[str]:
        whole, step = self.recipe(*requirements)
        text = "\n".join(("set -euo pipefail", whole.library, step.define, getattr(step, door)))
        env = {"PATH": self.path, "HOME": str(self.root), "GPUSETUP_ROOT": str(self.root),
               "GPUSETUP_BUNDLE": self.bundle, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels),
               "PIP_CONFIG_FILE": os.devnull, "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(self.wheels), "UV_OFFLINE": "1",
               "UV_CACHE_DIR": str(self.root.parent / "cache"), "UV_NO_CONFIG": "1"}  # fmt: skip
        return subprocess.run(["bash", "-c", text], env=env, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Builds:
    made = Builds(tmp_path, getattr(request, "param", "uv"))
    wheel(made.wheels, "one", "1.0")
    return made


ONE = Requirement(text="one==1.0")


@pytest.mark.parametrize("home", ["venv", "uv"], indirect=True)
def test_it_is_built_and_then_nothing_is_left_to_do(home: Builds) -> None:
    source(home.wheels)
    done = home.run("apply", ONE)
    assert done.returncode == 0, done.stderr
    assert home.run("check", ONE).returncode == 0


def test_while_it_is_not_there_something_is_left_to_do(home: Builds) -> None:
    source(home.wheels, first="sys.exit('this package does not build')")
    done = home.run("apply", ONE)
    assert done.returncode != 0
    assert "this package does not build" in done.stderr
    assert home.run("check", ONE).returncode != 0


def test_a_build_that_imports_the_environment_sees_it(home: Builds) -> None:
    source(home.wheels, first="import one")
    assert home.run("apply", ONE).returncode != 0
    home.built = Built(text="own==1.0", isolated=False)
    done = home.run("apply", ONE)
    assert done.returncode == 0, done.stderr


def test_it_changes_nothing_that_was_locked(home: Builds) -> None:
    wheel(home.wheels, "one", "2.0")
    source(home.wheels, needs="Requires-Dist: one>=2\\n")
    done = home.run("apply", ONE)
    assert done.returncode != 0
    assert "own==1.0" in done.stderr
    assert home.run("check", ONE).returncode != 0


def test_a_bundle_says_that_it_has_no_sources(home: Builds) -> None:
    source(home.wheels)
    home.bundle = str(home.wheels.parent)
    done = home.run("apply", ONE)
    assert done.returncode != 0
    assert "a bundle has no sources: build own==1.0" in done.stderr
