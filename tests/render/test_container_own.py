"""What a user adds to an image: a lock, their code, a venv of their own; the venv's shell text runs here for real."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.facts import facts
from gpusetup.images.build import context
from gpusetup.render.container import ContainerJob
from gpusetup.render.container import render as render_container
from gpusetup.render.container.bases import base_row, own_base
from gpusetup.render.container.choose import base_of
from gpusetup.render.container.names import copied
from gpusetup.render.formats import render as render_recipe
from gpusetup.render.steps import recipe
from gpusetup.resolve.model import Stack
from tests.packages.stub_index import Stub, write_index
from tests.stacks import desktop
from tests.support import Run, tool

JOB = ContainerJob(image="localhost/t:1", name="t", command=("python",), copied="src", own_venv=True)
BASE = "registry.fedoraproject.org/fedora:44"
WHEELS = tuple(f"{name}==1.0 --hash=sha256:{mark * 64}" for name, mark in (("torch", "a"), ("numpy", "b")))


def locked() -> Stack:
    stack = desktop()
    first = msgspec.structs.replace(stack.environments[0], wheels=WHEELS)
    return msgspec.structs.replace(stack, environments=(first, *stack.environments[1:]))


def text(stack: Stack, job: ContainerJob = JOB, kind: str = "containerfile") -> str:
    chosen = own_base(BASE, base_row(facts(), "fedora"))
    return render_container(stack, chosen, job, facts(), made="2026-11-30", kind=kind).text


def test_a_locked_environment_is_installed_by_its_hashes_and_the_others_as_before() -> None:
    stack = locked()
    made = text(stack)
    assert f"'{WHEELS[0]}' '{WHEELS[1]}' >/tmp/hashed.txt" in made
    assert made.count("--require-hashes") >= 1
    for environment in stack.environments[1:]:
        assert all(one.text in made for one in environment.requirements)


def test_hadolint_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "Containerfile").write_text(text(locked()))
    done = subprocess.run([tool("hadolint"), tmp_path / "Containerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_code_is_the_working_folder() -> None:
    made = text(locked())
    assert "COPY --chown=1000:1000 src /home/user/app/\nWORKDIR /home/user/app\n" in made
    without = text(locked(), ContainerJob(image="localhost/t:1", name="t"))
    assert "/home/user/app" not in without
    assert "/home/user/venv" not in without
    assert "    src /opt/app\n" in text(locked(), msgspec.structs.replace(JOB, own_venv=False), "apptainer")
    assert "/home/user/venv/bin/python" in text(locked(), kind="devcontainer")


@pytest.mark.parametrize("folder", ["/etc", "../up", "a/../../b", "a b", "a*", "$x", "", "a\nRUN x"])
def test_a_folder_that_a_copy_line_reads_otherwise_is_refused(folder: str) -> None:
    with pytest.raises(WrongInputError):
        copied(folder)


def test_a_context_has_the_code_without_what_no_image_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("src/train.py", "src/.git/config", "src/pkg/__pycache__/x.pyc", "src/pkg/__init__.py"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("x")
    with context("src") as folder:
        found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {"src/train.py", "src/pkg/__init__.py"}


def test_a_base_without_the_locks_python_is_refused() -> None:
    stack = desktop()
    one = msgspec.structs.replace(stack.environments[0], python="3.9")
    with pytest.raises(RefusedError, match=r"no Python 3\.9"):
        base_of(msgspec.structs.replace(stack, environments=(one,)), facts(), "containerfile", name="ubuntu",
                reference="", pin=True)  # fmt: skip
    fits = msgspec.structs.replace(stack.environments[0], python="3.12")
    made, base = base_of(msgspec.structs.replace(stack, environments=(fits,)), facts(), "containerfile", name="ubuntu",
                         reference="", pin=True)  # fmt: skip
    assert base.family == "ubuntu"
    assert made.environments[0].python_packages == base.pythons["3.12"]


@pytest.mark.slow
def test_what_the_user_installs_comes_beside_the_image_and_cannot_replace_it(tmp_path: Path) -> None:
    """The RUN of the image, with its folders moved here; then pip as the image's user would call it."""
    stubs = [Stub("plain", "1.1"), Stub("plain", "1.2"), Stub("more", "1.0", needs=("plain",)),
             Stub("other", "1.0", needs=("plain>=1.2",))]  # fmt: skip
    index = write_index(tmp_path / "index", stubs)
    name = locked().environments[0].name
    image, home = tmp_path / "opt", tmp_path / "home"
    uv = tool("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, image / name], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--no-config", "--default-index", index, "--python",
                    image / name / "bin/python", "plain==1.1"], check=True)  # fmt: skip
    (image / name / "wheels.txt").write_text(f"plain==1.1 --hash=sha256:{'a' * 64}\n")
    home.mkdir()
    made = text(locked())
    run = made[made.index("RUN /opt/gpusetup/") + 4 :].partition("\n\n")[0]
    moved = run.replace("/opt/gpusetup", str(image)).replace("/home/user", str(home))
    subprocess.run(["bash", "-euc", moved], check=True)

    def pip(*words: str) -> subprocess.CompletedProcess[str]:
        env = {
            "PIP_CONSTRAINT": str(home / "venv/constraints.txt"),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": index,
        }
        return subprocess.run([home / "venv/bin/python", "-m", "pip", *words], capture_output=True, text=True,
                              check=False, env={"PATH": os.environ["PATH"], "HOME": str(home), **env})  # fmt: skip

    done = pip("install", "more")
    assert done.returncode == 0, done.stderr
    assert "Requirement already satisfied: plain" in done.stdout
    listed = pip("list").stdout
    assert "plain" in listed
    assert "more" in listed
    assert pip("install", "other").returncode != 0, "the image's plain 1.1 would have to be replaced"
    assert not list((home / "venv").rglob("plain-1.2*"))


def test_a_bundle_of_a_lock_has_its_wheels_by_their_hashes() -> None:
    made = render_recipe(recipe(locked()), "bundle", "2026-11-30")
    assert f"'{WHEELS[0]}' '{WHEELS[1]}'" in made
    calls = [
        line.partition(" ")[0] for line in made.splitlines() if line.startswith(("gather_locked ", "gather_wheels "))
    ]
    assert calls == ["gather_locked", *["gather_wheels"] * (len(desktop().environments) - 1)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "apptainer", "--own-venv"), "does not support --own-venv"),
        (("--format", "selftest", "--copy", "."), "does not support --copy"),
        (("--copy", "/etc"), "does not lie beside"),
        (("--plan", "/dev/null"), "the lock already has the request"),
    ],
)
def test_what_has_no_place_is_a_usage_error(gpusetup: Run, words: tuple[str, ...], said: str) -> None:
    done = gpusetup("container", "--gpu", "RTX 4090", "--release", "44", "--framework", "torch", *words)
    assert done.returncode == 2
    assert said in done.stdout + done.stderr
