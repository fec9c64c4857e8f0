"""Commands that run what lies in a folder refuse one that others can write, as sudo and ssh do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.strangers import MALLORY, environment, give, needs_root, ran
from tests.support import ROOT, Run

pytestmark = pytest.mark.slow

STEP = """{% extends "step.sh.j2" %}
{% block title %}mine{% endblock %}
{% block why %}mine{% endblock %}
{% block check %}test -e "$root/mine"
{% endblock %}
{% block apply %}touch "$root/mine"
{% endblock %}
{% block undo %}rm -f "$root/mine"
{% endblock %}
"""


@pytest.fixture
def recipes(commons: Path) -> Path:
    (commons / "own/fedora").mkdir(parents=True)
    (commons / "own/fedora/33-mine.sh.j2").write_text(STEP)
    return commons / "own"


def planned(gpusetup: Run, recipes: Path) -> subprocess.CompletedProcess[str]:
    return gpusetup("install", "--distro", "fedora", "--release", "43", "--gpu", "RTX 4090", "--recipes", recipes)


@needs_root
def test_own_steps_of_another_user_are_refused_by_root(gpusetup: Run, recipes: Path) -> None:
    done = planned(gpusetup, recipes)
    assert done.returncode == 0, done.stderr
    assert "step_mine()" in done.stdout
    give(recipes, MALLORY)
    done = planned(gpusetup, recipes)
    assert (done.returncode, done.stdout) == (4, "")
    assert f"{recipes} belongs to user {MALLORY}" in done.stderr


def test_own_steps_that_everybody_can_write_are_refused(gpusetup: Run, recipes: Path) -> None:
    (recipes / "fedora/33-mine.sh.j2").chmod(0o666)
    done = planned(gpusetup, recipes)
    assert (done.returncode, done.stdout) == (4, "")
    assert "can be written by everybody (mode 0666)" in done.stderr


@needs_root
def test_own_checks_and_templates_of_another_user_are_refused_by_root(gpusetup: Run, commons: Path) -> None:
    (commons / "mine").mkdir()
    give(commons / "mine", MALLORY)
    for command in (("selftest", "--list", "--checks"), ("container", "--gpu", "RTX 4090", "--templates")):
        done = gpusetup(*command, commons / "mine")
        assert (done.returncode, done.stdout) == (4, ""), done.stderr
        assert "belongs to user" in done.stderr


@pytest.fixture
def installed(commons: Path) -> Path:
    """Another gpusetup beside ours, whose dependencies are ours."""
    shutil.copytree(ROOT / "gpusetup", commons / "site/gpusetup", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "recipes", commons / "site/recipes")
    for content in ("checks", "containers"):
        (commons / "site" / content).symlink_to(ROOT / content)
    return commons / "site"


def run(installed: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "SUDO_UID"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "gpusetup", *words], env=clean | {"PYTHONPATH": str(installed)} | variables,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@needs_root
def test_root_is_warned_of_a_gpusetup_that_others_can_write_and_changes_nothing_with_it(installed: Path) -> None:
    assert "warning" not in run(installed, "--version").stderr
    os.chown(installed / "gpusetup", MALLORY, MALLORY)
    done = run(installed, "--version")
    assert done.returncode == 0
    assert done.stderr.startswith(f"gpusetup: warning: {installed}/gpusetup belongs to user {MALLORY}, so that others")
    for words in (("doctor", "--fix", "--apply", "--yes"), ("install", "--undo", "--yes")):
        done = run(installed, *words, GPUSETUP_ROOT=str(installed))
        assert done.returncode == 4, done.stderr
        assert "changes nothing as root" in done.stderr
    assert not (installed / "var").exists()


@needs_root
def test_who_called_sudo_chose_the_program(installed: Path) -> None:
    give(installed, MALLORY)
    assert run(installed, "--version", SUDO_UID=str(MALLORY)).stderr == ""
    assert "warning" in run(installed, "--version", SUDO_UID=str(MALLORY + 1)).stderr


@needs_root
@pytest.mark.parametrize("file", ["gpusetup/apply/run.py", "recipes/library.sh"])
def test_one_file_that_others_can_write_is_enough_to_change_nothing(installed: Path, file: str) -> None:
    (installed / file).chmod(0o666)
    done = run(installed, "install", "--undo", "--yes", GPUSETUP_ROOT=str(installed))
    assert done.returncode == 4
    assert f"{file} can be written by everybody" in done.stderr


@pytest.mark.parametrize("name", ["msgspec", "click", "typing", "os", "gc", "tomllib"])
def test_the_current_folder_gives_no_modules(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    for command in (("facts", "list"), ("--version",)):
        done = subprocess.run(
            [sys.executable, "-m", "gpusetup", *command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert not (tmp_path / "ran").exists()


@needs_root
def test_the_self_test_runs_no_interpreter_of_another_user_as_root(gpusetup: Run, commons: Path) -> None:
    python = environment(commons / "env", MALLORY, "echo numpy torch")
    done = gpusetup("selftest", "--quick", "--python", f"torch={python}")
    assert (done.returncode, done.stdout, ran(commons / "env")) == (4, "", [])
    assert f"{python} belongs to user {MALLORY}, and root does not run another user's files" in done.stderr
    assert f"sudo -u '#{MALLORY}' gpusetup" in done.stderr
