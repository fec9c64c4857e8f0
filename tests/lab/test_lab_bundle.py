"""What one stand-in Fedora gathers installs on another that reaches nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from tests.lab.fedora import Lab
from tests.lab.world import PASCAL, World

pytestmark = pytest.mark.lab

OFFLINE = {"GPUSETUP_BUNDLE": "/root/bundle"}


def gather(world: World, lab: Lab) -> str:
    """Fill /root/bundle in `lab` and return the recipe that is in it."""
    made = recipe(world.stack(PASCAL))
    lab.write("/root/gather.sh", render(made, "bundle", "2026-11-22"))
    assert "python3.13 is not installed" in lab.sh("bash /root/gather.sh /root/bundle").stderr
    assert lab.sh("dnf -y install python3.13").returncode == 0
    done = lab.sh("bash /root/gather.sh /root/bundle 6.19.8-200.fc44.x86_64")
    assert done.returncode == 0, done.stdout + done.stderr
    return lab.sh("cat /root/bundle/install.sh").stdout


def test_a_bundle_installs_with_no_network_at_all(world: World, new_lab: Callable[[], Lab]) -> None:
    connected, alone = new_lab(), new_lab()
    before = alone.state()
    script = gather(world, connected)
    connected.carry("/root/bundle", alone)
    with alone.spoilt("down"):
        assert alone.recipe(script).returncode == 6  # without the bundle there is nothing to install from
        assert alone.recipe(script, "--undo").returncode == 0
        asked = alone.asked()
        done = alone.recipe(script, **OFFLINE)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "all steps are done" in done.stdout
        assert alone.asked() == asked
    assert "nvidia-container-toolkit-base" in alone.state()["packages"]  # vouched for by signed metadata
    assert alone.recipe(script, "--undo", **OFFLINE).returncode == 0
    assert alone.state() == before


def test_a_bundle_that_was_changed_on_the_way_is_refused(world: World, lab: Lab) -> None:
    script = gather(world, lab)
    before = lab.state()
    lab.sh("echo >>/root/bundle/rpms/gcc-1.0-1.fc44.x86_64.rpm")
    refused = lab.recipe(script, **OFFLINE)
    assert refused.returncode == 6
    assert "damaged" in refused.stderr
    assert lab.state() == before


def test_an_unsigned_package_slipped_into_a_bundle_is_not_installed(world: World, lab: Lab) -> None:
    """Even by somebody who writes the list of checksums anew."""
    script = gather(world, lab)
    lab.sh("""
        set -eu
        cd /root/bundle
        rpmsign --delsign rpms/akmod-nvidia-580xx-*.rpm
        createrepo_c -q rpms
        find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum >/tmp/sums
        mv /tmp/sums SHA256SUMS
    """)
    refused = lab.recipe(script, **OFFLINE)
    assert refused.returncode == 6
    assert "the step driver failed" in refused.stderr
    assert "akmod-nvidia" not in lab.state()["packages"]
