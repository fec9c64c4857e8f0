"""The environments' step with the real pip and the real uv, offline, from tiny wheels: exactly the files on record."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest

from gpusetup.render.model import Recipe, Step
from gpusetup.render.steps import recipe
from gpusetup.resolve.model import Environment, Requirement
from tests import support
from tests.stacks import cardless

pytestmark = pytest.mark.slow

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def wheel(folder: Path, name: str, version: str, requires: str = "", content: str = "") -> str:
    """Write a wheel of one module and return its SHA-256."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + (
        f"Requires-Dist: {requires}\n" if requires else ""
    )
    files = {
        f"{name}.py": f"# {content}\n",
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text)}\n"
        for path, text in files.items()
    )
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        for inside, text in (files | {f"{info}/RECORD": record + f"{info}/RECORD,,\n"}).items():
            file.writestr(inside, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Home:
    """A folder with a bundle of wheels, in which the doors of the step are run."""

    def __init__(self, folder: Path, tool: str) -> None:
        self.root, self.wheels, self.tool = folder / "root", folder / "bundle/wheels", tool
        self.state = self.root / "var/lib/gpusetup"
        self.state.mkdir(parents=True)
        self.wheels.mkdir(parents=True)
        tools = folder / "tools"
        tools.mkdir()
        (tools / f"python{PYTHON}").symlink_to(sys.executable)
        if tool == "uv":
            (tools / "uv").symlink_to(support.tool("uv"))
        self.path = f"{tools}:/usr/bin:/bin"

    def recipe(self, *requirements: Requirement) -> tuple[Recipe, Step]:
        made = cardless()
        environment = Environment(
            name="e", python=PYTHON, python_packages=(), frameworks=("torch",), requirements=requirements,
            cuda="", cudnn="",
        )  # fmt: skip
        request = msgspec.structs.replace(made.request, python_env=self.tool)
        whole = recipe(msgspec.structs.replace(made, environments=(environment,), request=request))
        return whole, next(step for step in whole.steps if step.id == "environments")

    def run(self, door: str, *requirements: Requirement) -> subprocess.CompletedProcess[str]:
        whole, step = self.recipe(*requirements)
        text = "\n".join(("set -euo pipefail", whole.library, step.define, getattr(step, door)))
        env = {"PATH": self.path, "HOME": str(self.root), "GPUSETUP_ROOT": str(self.root),
               "GPUSETUP_BUNDLE": str(self.wheels.parent), "UV_CACHE_DIR": str(self.root.parent / "cache"),
               "PIP_CONFIG_FILE": os.devnull}  # fmt: skip
        return subprocess.run(["bash", "-c", text], env=env, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(params=["venv", "uv"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    return Home(tmp_path, request.param)


def test_every_file_is_locked_and_a_changed_one_is_never_installed(home: Home) -> None:
    known = wheel(home.wheels, "first", "1.0", requires="second")
    other = wheel(home.wheels, "second", "2.0")
    wanted = Requirement(text="first==1.0", sha256=known)
    done = home.run("apply", wanted)
    assert done.returncode == 0, done.stderr
    lock = (home.state / "environments.locks/e.txt").read_text().splitlines()
    assert sorted(lock) == [f"first==1.0 --hash=sha256:{known}", f"second==2.0 --hash=sha256:{other}"]
    assert home.run("check", wanted).returncode == 0
    # the same version with other bytes, as from an index that was tampered with after the lock was made
    shutil.rmtree(home.root / "opt")
    shutil.rmtree(home.root.parent / "cache", ignore_errors=True)  # uv keeps the right file, and would take that
    wheel(home.wheels, "second", "2.0", content="changed")
    again = home.run("apply", wanted)
    assert again.returncode != 0
    assert "hash" in again.stderr.lower()
    undone = home.run("undo", wanted)
    assert undone.returncode == 0, undone.stderr
    assert not (home.root / "opt/gpusetup/e").exists()
    assert not list(home.state.glob("environments*"))


@pytest.mark.parametrize("home", ["uv"], indirect=True)
def test_a_file_that_is_not_the_one_on_record_stops_it_before_anything_is_installed(home: Home) -> None:
    wheel(home.wheels, "first", "1.0")
    done = home.run("apply", Requirement(text="first==1.0", sha256="0" * 64))
    assert done.returncode != 0
    assert "no file in the index has the recorded SHA-256" in done.stderr
    assert not list((home.root / "opt/gpusetup/e/lib").glob("python*/site-packages/first.py"))
    assert not (home.state / "environments.locks/e.txt").exists()


@pytest.mark.parametrize("home", ["uv"], indirect=True)
def test_an_extra_and_a_name_spelled_otherwise_are_found_in_the_record(home: Home) -> None:
    known = wheel(home.wheels, "the_first", "1.0")
    done = home.run("apply", Requirement(text="the-First[and-more]==1.0", sha256=known))
    assert done.returncode == 0, done.stderr
    wrong = Requirement(text="the-First[and-more]==1.0", sha256="0" * 64)
    assert home.run("undo", wrong).returncode == 0
    assert home.run("apply", wrong).returncode != 0
