"""A remedy in another user's environment: whatever runs there runs as that user, and root's files stay root's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup.apply.phases import run
from gpusetup.apply.state_dir import StateDir
from gpusetup.content_dirs import content_root
from gpusetup.doctor.examine import examine
from gpusetup.doctor.finding import Finding
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.remedies.fixes import remedy
from gpusetup.doctor.remedies.repair import Repair, RepairOptions, repair
from gpusetup.doctor.rule import Fix
from gpusetup.render.model import Recipe
from tests import strangers
from tests.doctor.machines import machine
from tests.strangers import MALLORY, TRENT, give, needs_root, ran

pytestmark = needs_root
# what pip would do, as far as a file shows it: the old one is replaced, never written into
PIP = """
prefix=$(dirname "$(dirname "$0")")
case "$*" in
  "-c "*) echo "$PRETENDED" ;;
  "-I -m pip "*)
    echo new >"$prefix/lib/new"
    mv "$prefix/lib/new" "$prefix/lib/torch"
    touch "$prefix/came"
    ;;
esac
"""


@pytest.fixture
def env(commons: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of MALLORY's in a folder of root's; a folder of root's own lies beside it."""
    folder = commons / "env"
    strangers.environment(folder, MALLORY, PIP)
    (folder / "lib/torch").write_text("old\n")
    give(folder, MALLORY)
    (commons / "rootonly").mkdir()
    (commons / "rootonly/pyvenv.cfg").write_text("home = /usr/bin\n")
    (commons / "rootonly/secret").write_text("root's\n")
    monkeypatch.setenv("PRETENDED", str(commons / "rootonly"))
    return folder


def recipe(env: Path) -> Recipe:
    """Return the recipe for a torch whose requirements are not met."""
    host = machine("desktop")
    values = {"python": f"{env}/bin/python3", "requirement": "torch==2.9.0"}
    finding = Finding(
        rule="WHL201", state="error", subject="torch 2.9.0", summary="unmet",
        remedy=remedy(Fix("requirements", values), host),
    )  # fmt: skip
    made: Repair = repair([finding], host, RepairOptions(python=sys.executable))
    return made.recipe


def door(env: Path, which: Any, state: Path) -> int:
    """Run one door of that recipe's only step with its notes in `state`, and return its exit status."""
    made = recipe(env)
    library = f"{made.library}\nstate={state}\n"
    made = msgspec.structs.replace(made, library=library)
    return run(made, made.steps[0], which, StateDir(Path("/"))).status


def tree(folder: Path) -> dict[str, tuple[int, str]]:
    """Return every file below `folder`: its owner, and what is in it."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_uid, path.read_text() if path.is_file() else "")
        for path in folder.rglob("*")
    }


def test_it_is_done_and_taken_back_as_the_owner(env: Path, commons: Path, tmp_path: Path) -> None:
    before, roots = tree(env), tree(commons / "rootonly")
    assert door(env, "apply", tmp_path) == 0
    assert (env / "lib/torch").read_text() == "new\n"
    assert ran(env) == [(MALLORY, "-I -m pip install torch==2.9.0")]
    assert {owner for owner, _ in tree(env).values()} == {MALLORY}
    assert door(env, "undo", tmp_path) == 0
    assert tree(env) == before
    assert tree(commons / "rootonly") == roots
    assert sorted(os.listdir(commons)) == ["env", "env.ran", "rootonly"]


def test_it_goes_on_after_an_end_anywhere_in_the_undo(env: Path, tmp_path: Path) -> None:
    before = tree(env)
    assert door(env, "apply", tmp_path) == 0
    step = recipe(env).steps[0].id
    gone = env / f".gpusetup-{step}.gone"  # as if it had been ended after it had moved the first
    gone.mkdir()
    (env / "lib").rename(gone / "lib")
    give(gone, MALLORY)
    assert door(env, "undo", tmp_path) == 0
    assert tree(env) == before


def test_it_can_be_done_twice_before_it_is_taken_back(env: Path, tmp_path: Path) -> None:
    before = tree(env)
    assert [door(env, which, tmp_path) for which in ("apply", "apply", "undo")] == [0, 0, 0]
    assert tree(env) == before


def test_what_root_left_in_a_users_environment_is_copied(env: Path, tmp_path: Path) -> None:
    (env / "lib/cache.pyc").write_text("root's cache")
    before = {path: text for path, (_, text) in tree(env).items()}
    assert door(env, "apply", tmp_path) == 0
    assert door(env, "undo", tmp_path) == 0
    assert {path: text for path, (_, text) in tree(env).items()} == before


@pytest.mark.parametrize("how", ["interpreter", "configuration", "folder", "above", "system"])
def test_nothing_is_done_where_a_third_could_change_it(env: Path, commons: Path, tmp_path: Path, how: str) -> None:
    match how:
        case "interpreter":
            (env / "bin/python3").chmod(0o775)
        case "configuration":
            (env / "pyvenv.cfg").unlink()
        case "folder":
            env.chmod(0o777)
        case "above":
            os.chown(commons, TRENT, TRENT)
        case "system":
            (env / "bin/python3").unlink()
            strangers.environment(commons / "trents", TRENT, PIP)
            (env / "bin/python3").symlink_to(commons / "trents/bin/python3")
    before = tree(env)
    assert door(env, "apply", tmp_path) != 0
    assert tree(env) == before
    assert ran(env) == []


def test_a_link_for_the_environment_gains_nothing(env: Path, commons: Path, tmp_path: Path) -> None:
    """Between apply and undo the owner puts links to root's files in the places that the undo works with."""
    assert door(env, "apply", tmp_path) == 0
    step = recipe(env).steps[0].id
    before = env / f".gpusetup-{step}.before"
    before.rename(env / "away")
    before.symlink_to(commons / "rootonly")
    (env / f".gpusetup-{step}.gone").symlink_to(commons / "rootonly")
    roots = tree(commons / "rootonly")
    door(env, "undo", tmp_path)
    assert tree(commons / "rootonly") == roots


def test_the_rule_asked_again_imports_it_as_its_owner(env: Path, tmp_path: Path) -> None:
    broken = {"unread": "failed", "source": "import", "detail": "ImportError: no module named x"}
    host = machine("desktop", {"frameworks": {"0": {"version": broken, "python": f"{env}/bin/python3"}}})
    made = repair(examine(host, all_rules().values()), host, RepairOptions(python=sys.executable)).recipe
    step = next(step for step in made.steps if "fwk" in step.id)
    run(made, step, "check", StateDir(Path("/")))
    assert {uid for uid, _ in ran(env)} == {MALLORY}


def test_no_function_of_the_doctors_takes_the_place_of_a_librarys() -> None:
    def functions(*paths: Path) -> set[str]:
        return {name for path in paths for name in re.findall(r"^(\w[\w-]*)\(\) [({]", path.read_text(), re.MULTILINE)}

    recipes = content_root() / "recipes"
    ours = functions(*(recipes / "doctor").glob("*.sh"))
    assert len(ours) > 40
    assert not ours & functions(*recipes.rglob("library.sh"), *recipes.glob("*/library/*.sh"))


def test_ending_the_step_ends_what_runs_as_the_owner(env: Path, tmp_path: Path) -> None:
    (env / "bin/python3").write_text(f"#!/bin/bash\necho $$ >{env}/pid; exec sleep 60\n")
    give(env, MALLORY)
    made = recipe(env)
    step = made.steps[0]
    text = "\n".join(("set -euo pipefail", made.library, f"state={tmp_path}", step.define, step.apply))
    with subprocess.Popen(["bash", "-c", text], start_new_session=True) as process:
        while not (env / "pid").exists() or not (pid := (env / "pid").read_text().strip()):
            assert process.poll() is None
        process.terminate()
        assert process.wait(10) != 0
    for _ in range(100):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":  # dead, and waits to be reaped
            return
        time.sleep(0.05)
    pytest.fail("the program of the owner still runs")
