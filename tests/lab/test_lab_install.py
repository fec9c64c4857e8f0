"""The same bytes a user would run, on a stand-in Fedora with real dnf and rpm."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable

import pytest

from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from gpusetup.resolve.model import Card
from tests.lab.conftest import ADA, PASCAL, World
from tests.lab.fedora import Lab

pytestmark = pytest.mark.lab

STEPS = ("repositories", "kernel-headers", "driver", "nouveau", "toolkit", "cudnn-archive", "python", "environments")
# Every step takes minutes; the tests take two of them by chance, and `GPUSETUP_TESTS_ALL=1` takes all.
KILLED = STEPS if os.environ.get("GPUSETUP_TESTS_ALL") else random.sample(STEPS, 2)


CASES = (
    (PASCAL, "rpmfusion", "akmod-nvidia-580xx"),
    (ADA, "rpmfusion", "akmod-nvidia-610"),
    (ADA, "nvidia", "nvidia-open"),
)


@pytest.mark.parametrize(("card", "repo", "driver"), CASES, ids=lambda value: getattr(value, "arch", value))
def test_it_installs_changes_nothing_twice_and_goes_back(
    world: World, lab: Lab, card: Card, repo: str, driver: str
) -> None:
    script, before = world.script(card, repo=repo), lab.state()
    first = lab.recipe(script)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "all steps are done" in first.stdout
    installed = lab.state()
    assert driver in installed["packages"]
    second = lab.recipe(script)
    assert second.returncode == 0, second.stderr
    assert lab.state() == installed
    undone = lab.recipe(script, "--undo")
    assert undone.returncode == 0, undone.stderr
    assert lab.state() == before


def test_the_playbook_does_what_the_script_does(world: World, lab: Lab) -> None:
    if shutil.which("ansible-playbook") is None:
        pytest.skip("ansible-playbook is not installed")
    made = recipe(world.stack(ADA))
    lab.write("/root/play.yml", render(made, "ansible", "2026-11-22"))
    play = (
        "ansible-playbook -i localhost, -c local -e ansible_become=false -e ansible_python_interpreter=/usr/bin/python3"
    )
    before = lab.state()
    dry = lab.sh(f"{play} --check /root/play.yml")
    assert lab.state() == before
    assert "failed=0" in dry.stdout, dry.stdout
    first = lab.sh(f"{play} /root/play.yml")
    assert "failed=0" in first.stdout, first.stdout + first.stderr
    # every check of the recipe holds, and the playbook's tasks are conditional on nothing else
    assert lab.recipe(render(made, "bash", "2026-11-22"), "--check").returncode == 0


@pytest.mark.parametrize("step", KILLED)
def test_killed_inside_a_step_it_resumes_to_the_state_of_an_undisturbed_run(
    world: World, new_lab: Callable[[], Lab], step: str
) -> None:
    script = world.script(ADA)
    undisturbed = new_lab()
    assert undisturbed.recipe(script).returncode == 0
    disturbed = new_lab()
    before = disturbed.state()
    disturbed.killed(script, step, after=random.uniform(0, 1.5))
    resumed = disturbed.recipe(script)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert disturbed.state() == undisturbed.state()
    assert disturbed.recipe(script, "--undo").returncode == 0
    assert disturbed.state() == before


@pytest.mark.parametrize("wrongly", ["unsigned", "signed by a stranger"])
def test_a_package_that_is_not_signed_by_the_pinned_key_is_not_installed(world: World, lab: Lab, wrongly: str) -> None:
    script = world.script(PASCAL)
    with world.signed_by(None if wrongly == "unsigned" else world.stranger):
        refused = lab.recipe(script)
        assert refused.returncode == 6
        assert "the step driver failed" in refused.stderr
        assert "nvidia" not in lab.state()["packages"]
    lab.sh("dnf clean metadata")  # the mended repository has other checksums
    assert lab.recipe(script).returncode == 0


def test_a_key_that_is_not_the_pinned_one_is_not_imported(world: World, lab: Lab) -> None:
    before, script = lab.state(), world.script(PASCAL)
    refused = lab.recipe(script.replace(world.key.fingerprint, world.stranger.fingerprint))
    assert refused.returncode == 6
    assert "is not trusted" in refused.stderr
    assert lab.state() == before


def test_a_driver_of_another_owner_stops_it_before_anything_is_changed(world: World, lab: Lab) -> None:
    script = world.script(ADA)
    repo = f"--repofrompath=cuda,file://{world.repos['cuda']}"
    assert lab.sh(f"dnf -y {repo} --setopt=cuda.gpgcheck=0 install nvidia-open").returncode == 0
    before = lab.state()
    refused = lab.recipe(script)
    assert refused.returncode == 6
    assert "nvidia-open.x86_64" in refused.stderr
    assert lab.state() == before


def test_the_cuda_repository_never_brings_a_driver(world: World, lab: Lab) -> None:
    """`nvidia-driver` provides a newer xorg-x11-drv-nvidia-cuda than RPM Fusion has; the excludes must hold."""
    script = world.script(ADA)
    assert lab.recipe(script).returncode == 0
    packages = lab.state()["packages"]
    assert "xorg-x11-drv-nvidia-cuda-610" in packages
    assert "cuda-toolkit-13-3-13.3" in packages
    assert " nvidia-driver-" not in packages
    assert "filtered out by exclude" in lab.sh("dnf -y install nvidia-driver").stdout


def test_a_cut_connection_fails_its_step_and_the_next_run_goes_on(world: World, lab: Lab) -> None:
    script = world.script(PASCAL)
    with world.cut("mirrors.rpmfusion.org"):
        cut = lab.recipe(script)
    assert cut.returncode == 6
    assert "Nothing after it was tried" in cut.stderr
    assert lab.recipe(script).returncode == 0


def test_undo_does_not_pull_the_floor_from_under_what_came_since(world: World, lab: Lab) -> None:
    script, before = world.script(ADA), lab.state()
    assert lab.recipe(script).returncode == 0
    assert lab.sh("dnf -y install blender").returncode == 0
    refused = lab.recipe(script, "--undo")
    assert refused.returncode == 6
    assert "blender" in refused.stderr
    assert "blender" in lab.state()["packages"]
    assert lab.sh("dnf -y remove --noautoremove blender").returncode == 0
    assert lab.recipe(script, "--undo").returncode == 0
    assert lab.state() == before


def test_dry_run_leaves_no_trace(world: World, lab: Lab) -> None:
    before = lab.state()
    shown = lab.recipe(world.script(ADA), "--dry-run")
    assert shown.returncode == 0
    assert "install_packages driver" in shown.stdout
    assert lab.state() == before
    assert lab.sh("test ! -e /var/lib/gpusetup").returncode == 0
