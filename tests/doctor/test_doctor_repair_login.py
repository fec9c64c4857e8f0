"""Of what only a user's login shows, root carries out what is meant for that alone, and by no path that it names."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from gpusetup.cli._diagnosis import MachineSource, policy
from gpusetup.cli._repair import _recipe
from gpusetup.doctor.examine import examine
from gpusetup.doctor.finding import Finding
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.remedies.fixes import remedy, table
from gpusetup.doctor.remedies.repair import RepairOptions, repair
from gpusetup.doctor.rule import Fix
from gpusetup.value import to_json
from tests.doctor.machines import machine
from tests.doctor.test_doctor_fixes import all_fixes
from tests.each import each
from tests.strangers import needs_root

VICTIM = "/etc/../root/victim"
RUNUSER = """#!/bin/bash
export CUDA_LAUNCH_BLOCKING=1
{profile}
exec bash -c "$6"
"""


def two_specifications(path: str) -> dict[str, Any]:
    """The change to a host on which the specification at `path` defines what the one in /run/cdi defines."""
    paths = [path, "/run/cdi/nvidia.yaml"]
    gpu = {"version": "0.5.0", "driver": "", "missing": [], "devices": ["nvidia.com/gpu=all"]}
    return {"containers": {"cdi_specs!": paths, "cdi!": [{"path": one, **gpu} for one in paths]}}


@pytest.fixture
def forged(tmp_path: Path) -> Path:
    """What the profile of the review prints: a whole machine whose second CDI specification is root's own file."""
    path = tmp_path / "forged.json"
    change = two_specifications(VICTIM)
    path.write_text(to_json(machine("desktop", change)))
    return path


@needs_root
@pytest.mark.parametrize("profile", ["cat {forged}; exit 0", "cat {forged}"])
def test_a_machine_that_a_login_prints_moves_no_file_of_roots(
    forged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    (tmp_path / "runuser").write_text(RUNUSER.format(profile=profile.format(forged=forged)))
    (tmp_path / "runuser").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("SUDO_USER", "nobody")
    source = MachineSource(machine_file=None, sysroot="/", deadline=20, deep=None, pythons=())
    made = _recipe(source, policy("CTR103,ENV002", "", None, fail_on="error", require_gpu=False), "CTR103,ENV002")
    text = to_json(made)
    assert "victim" not in text
    # what a login may say is still heard, where it could say anything
    assert [step.id for step in made.steps] == ([] if "exit" in profile else ["doctor-env002-unset"])


def found(name: str, **values: str) -> Finding:
    host = machine("desktop")
    fix = Fix(name, {**all_fixes()[name].values, **values})
    return Finding(rule="TST001", state="error", subject="x", summary="x", remedy=remedy(fix, host))


def reasons(name: str, person: str, **values: str) -> list[str]:
    """Return why a finding of a login, or of root's own session, whose remedy is `name` is left to a person."""
    asked = RepairOptions(python=sys.executable, wishes=("TST001",), person=person)
    mine, theirs = ([], [found(name, **values)]) if person else ([found(name, **values)], [])
    return [left.reason for left in repair(mine, machine("desktop"), asked, theirs).by_hand]


@each(
    "name",
    sorted(name for name, one in table().items() if {"fedora", "any"} & set(one.step or ())),
)
def test_a_login_yields_steps_of_the_declared_kinds_alone(name: str) -> None:
    assert bool(reasons(name, "ada")) != table()[name].login


@pytest.mark.parametrize("name", sorted(name for name, row in table().items() if row.under))
def test_root_changes_no_file_that_a_finding_names_elsewhere(name: str) -> None:
    key = "folder" if name == "remove-compat" else "path"
    folder = table()[name].under[0]
    distribution = {"any", "fedora"} & set(table()[name].step or ())
    assert reasons(name, "", **{key: f"{folder}/x"}) == ([] if distribution else ["distribution"])
    for path in (VICTIM, f"{folder}/../shadow", f"{folder}//x", f"{folder}x/y", "/etc/shadow", "x", "", folder):
        assert reasons(name, "", **{key: path}) != [], path


def test_an_interpreter_with_dots_is_no_path_of_a_host() -> None:
    assert reasons("requirements", "", python="/srv/env/bin/python3") == []
    assert reasons("requirements", "", python="/srv/env/bin/../../x/bin/python3") == ["outside"]


def test_what_a_login_shows_and_root_does_not_do_is_left_to_that_user() -> None:
    host = machine("desktop")
    change = two_specifications("/etc/cdi/nvidia.yaml")
    theirs = [one for one in examine(machine("desktop", change), all_rules().values()) if one.rule == "CTR103"]
    asked = RepairOptions(python=sys.executable, person="ada")
    left = repair((), host, asked, theirs)
    assert ([one.reason for one in left.by_hand], left.recipe.steps) == (["login"], ())
    assert [step.id for step in repair(theirs, host, asked).recipe.steps] == ["doctor-ctr103-one-cdi"]
