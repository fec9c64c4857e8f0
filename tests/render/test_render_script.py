"""The rendered script passes the linters that a careful person would use on it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gpusetup.content_dirs import content_dirs
from gpusetup.render.formats import render
from gpusetup.render.model import Recipe
from gpusetup.render.steps import recipe
from gpusetup.resolve.model import Stack
from tests.render.kinds import KINDS, stack
from tests.stacks import cardless, desktop, laptop
from tests.support import drawn, tool


def bash(made: Recipe, day: str) -> str:
    return render(made, "bash", day)


RECIPES = content_dirs("recipes")[0]


def shellcheck(text: str, tmp_path: Path) -> None:
    path = tmp_path / "script.sh"
    path.write_text(text)
    done = subprocess.run([tool("shellcheck"), "--format", "gcc", path], capture_output=True, text=True, check=False)
    assert done.stdout == ""


@pytest.mark.slow
@pytest.mark.parametrize("make", [laptop, desktop, cardless])
def test_the_script_passes_shellcheck(make: Callable[[], Stack], tmp_path: Path) -> None:
    shellcheck(bash(recipe(make()), "2026-11-22"), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", drawn("shellcheck", list(KINDS), 4))
def test_the_script_of_every_kind_of_machine_passes_shellcheck(kind: str, tmp_path: Path) -> None:
    shellcheck(bash(recipe(stack(kind)), "2026-11-22"), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("make", [laptop, desktop, cardless])
def test_each_door_alone_passes_shellcheck(make: Callable[[], Stack], tmp_path: Path) -> None:
    """Doors also run one by one, outside the script; a variable that only another step sets would be caught here."""
    made = recipe(make())
    for step in drawn(f"doors of {make.__name__}", made.steps, 4):
        doors = "\n".join(f"{name}() {{\n{getattr(step, name)}}}\n{name}" for name in ("check", "apply", "undo"))
        # the library offers more than one step uses, and state is only used by some
        text = f"#!/usr/bin/env bash\n# shellcheck disable=SC2317,SC2034\n{made.library}\n{step.define}\n{doors}\n"
        shellcheck(text, tmp_path)


def test_the_header_says_for_what_and_when() -> None:
    head = bash(recipe(laptop()), "2026-11-22").split("set -euo pipefail")[0]
    for word in ("Fedora 44", "GTX 1050 Mobile", "6.1", "driver: 580.173.02", "2026-11-22", "--undo"):
        assert word in head


def test_a_step_name_cannot_break_out_of_the_script() -> None:
    made = recipe(laptop())
    step = msgspec.structs.replace(made.steps[0], title="a'; touch x; '", why="line\nbreak", manual="$(id)")
    text = bash(msgspec.structs.replace(made, steps=(step,)), "today")
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0
    assert "# line\\nbreak" in text


@pytest.mark.parametrize("path", sorted(RECIPES.rglob("*.sh")), ids=lambda path: path.name)
def test_the_scripts_name_no_step(path: Path) -> None:
    """Engine and content are apart: what runs the steps knows none of them."""
    names = {file.name[3:].partition(".")[0] for file in RECIPES.glob("*/??-*.sh.j2")}
    words = set(path.read_text().replace("$", " ").split())
    assert not words & {name for name in names if "-" in name or name in ("nouveau", "cudnn", "toolkit")}


@pytest.mark.slow
def test_the_step_in_the_readme_renders_and_passes_shellcheck(tmp_path: Path) -> None:
    text = (RECIPES / "README.md").read_text().split("```jinja\n")[1].split("```")[0]
    (tmp_path / "fedora").mkdir()
    (tmp_path / "fedora/55-scratch.sh.j2").write_text(text)
    made = recipe(desktop(), tmp_path)
    assert "scratch" in [step.id for step in made.steps]
    shellcheck(bash(made, "2026-11-22"), tmp_path)
