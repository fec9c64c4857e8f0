"""Faults: one by chance (`benchmarks/lab_faults.py` meets them all), and those that need more than one run to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import faults
from tests.lab.fedora import Lab
from tests.lab.world import ADA, DRIVER_ALONE, World
from tests.support import drawn

CHOSEN = drawn("faults", faults.FAULTS, 1)
NOUVEAU = "mkdir -p /sys/module/nouveau"


@pytest.fixture(scope="module")
def states(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[faults.State, faults.State]:
    """Return the state before the recipe, and after an undisturbed run."""
    return faults.undisturbed(world, tmp_path_factory.mktemp("undisturbed") / "lab", faults.script_of(world))


@pytest.mark.parametrize("fault", CHOSEN, ids=lambda fault: fault.name)
def test_a_fault_is_said_mended_and_over(
    world: World, tmp_path: Path, fault: faults.Fault, states: tuple[faults.State, faults.State]
) -> None:
    assert faults.meet(world, tmp_path / "lab", faults.script_of(world), fault, *states) == ""


def test_a_build_of_the_module_that_was_killed_is_done_again(
    world: World, lab: Lab, states: tuple[faults.State, faults.State]
) -> None:
    script = faults.script_of(world)
    lab.write("/root/recipe.sh", script)
    lab.sh("""
        echo 60 >/srv/akmods-lasts
        setsid bash /root/recipe.sh >/dev/null 2>&1 &
        until grep -qs ^akmods /var/log/lab-calls; do sleep 0.1; done
        pkill -KILL -s $! # the step has a process group of its own, in the session of its script
        rm /srv/akmods-lasts
    """)
    assert lab.sh("modinfo -F version nvidia").returncode != 0
    assert faults.has_a_driver(lab)
    assert faults.resume(lab, script, *states) == ""


def test_as_long_as_nobody_reboots_it_says_so_again_and_changes_nothing(world: World, lab: Lab) -> None:
    script = world.script(ADA, **DRIVER_ALONE)
    lab.sh(NOUVEAU)
    assert lab.recipe(script).returncode == 7
    waiting = lab.state()
    for _ in range(2):
        again = lab.recipe(script)
        assert again.returncode == 7
        assert "reboot now, then run the same command again" in again.stdout
        assert lab.state() == waiting
        assert faults.has_a_driver(lab)
    lab.reboot()
    assert lab.recipe(script).returncode == 0


def test_lists_of_packages_that_are_past_their_day_are_asked_for_again(world: World, lab: Lab) -> None:
    script = world.script(ADA, **DRIVER_ALONE)
    assert lab.sh("dnf makecache && find /var/cache/dnf -exec touch -d '30 days ago' {} +").returncode == 0
    with lab.spoilt("down", "fedora.lab"):
        refused = lab.recipe(script)
    assert refused.returncode == 6
    assert "the step kernel-headers failed" in refused.stderr
    assert faults.has_a_driver(lab)
    assert lab.recipe(script).returncode == 0
