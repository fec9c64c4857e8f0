"""Secure Boot, from the key to the signed module, on a firmware and a kernel that stand in for real ones."""

from __future__ import annotations

import subprocess

import pytest

from tests.lab import stubs
from tests.lab.fedora import Lab
from tests.lab.world import ADA, DRIVER_ALONE, World
from tests.support import drawn

REPOS = ("rpmfusion", "nvidia", "runfile")
PASSWORD = "12345678\n12345678\n"


@pytest.fixture
def secured(lab: Lab) -> Lab:
    lab.sh("touch /srv/firmware/secure-boot; mkdir -p /sys/module/nouveau;")
    lab.write("/usr/local/sbin/mokutil", stubs.program("mokutil"), mode="755")
    return lab


def at_a_terminal(lab: Lab, script: str) -> subprocess.CompletedProcess[str]:
    """Run the recipe as somebody would who sits at the machine and types a password."""
    lab.write("/root/recipe.sh", script)
    return lab.sh("script --quiet --return --command 'bash /root/recipe.sh' /dev/null", stdin=PASSWORD)


@pytest.mark.parametrize("repo", drawn("owners of the driver", REPOS, 1))
def test_from_the_key_to_a_module_that_the_kernel_takes(world: World, secured: Lab, repo: str) -> None:
    script = world.script(ADA, repo=repo)
    unattended = secured.recipe(script)
    assert unattended.returncode == 6
    assert "needs a password" in unattended.stderr
    assert "nvidia" not in secured.state()["packages"]
    first = at_a_terminal(secured, script)
    assert first.returncode == 7, first.stdout
    assert "input password" in first.stdout
    assert "Press any key to perform MOK management" in first.stdout
    assert "is not enrolled yet: reboot" in first.stdout
    assert secured.sh("modinfo -F signer nvidia").stdout.strip()
    secured.reboot()
    done = secured.recipe(script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"signed by {secured.sh('modinfo -F signer nvidia').stdout.strip()}" in done.stdout
    again = secured.recipe(script)
    assert again.returncode == 0
    undone = secured.recipe(script, "--undo")
    assert undone.returncode == 0, undone.stderr
    assert "mokutil --delete" in undone.stdout  # that is for a person to do, at the console


def test_who_overlooked_the_blue_screen_is_asked_again(world: World, secured: Lab) -> None:
    script = world.script(ADA, **DRIVER_ALONE)
    assert at_a_terminal(secured, script).returncode == 7
    secured.reboot(enrol=False)
    assert secured.recipe(script).returncode == 6
    assert at_a_terminal(secured, script).returncode == 7
    secured.reboot()
    assert secured.recipe(script).returncode == 0


def test_a_module_that_nobody_signed_stops_it_while_the_old_driver_is_in_place(world: World, secured: Lab) -> None:
    secured.sh("touch /srv/akmods-unsigned")
    script = world.script(ADA, **DRIVER_ALONE)
    stopped = at_a_terminal(secured, script)
    assert stopped.returncode == 6
    assert "was built without a signature" in stopped.stdout
    assert secured.sh("test -e /boot/arguments").returncode != 0  # nouveau still starts
    secured.sh("rm /srv/akmods-unsigned")
    assert secured.recipe(script).returncode == 7


def test_a_module_that_the_kernel_refuses_is_no_reason_to_reboot_for_ever(world: World, secured: Lab) -> None:
    secured.sh("touch /srv/akmods-other-key")
    script = world.script(ADA, **DRIVER_ALONE)
    assert at_a_terminal(secured, script).returncode == 7
    secured.reboot()
    refused = secured.recipe(script)
    assert refused.returncode == 6
    assert "somebody else" in refused.stderr
    assert "build it again with this machine's key" in refused.stderr


def test_undo_withdraws_a_request_that_was_not_confirmed_yet(world: World, secured: Lab) -> None:
    script = world.script(ADA, **DRIVER_ALONE)
    assert at_a_terminal(secured, script).returncode == 7
    assert secured.sh("test -e /srv/firmware/requested").returncode == 0
    assert secured.recipe(script, "--undo").returncode == 0
    assert secured.sh("test -e /srv/firmware/requested").returncode != 0
