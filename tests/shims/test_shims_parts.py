"""The parts of a server: packages of the loaded driver's version, services started, only what was ours taken back."""

from __future__ import annotations

import pytest

from tests.render.kinds import stack
from tests.shims.conftest import Fedora

LOADED = "595.58.03"


@pytest.fixture
def server(fedora: Fedora) -> Fedora:
    """Return a host on which a driver is loaded, and its persistence daemon enabled already."""
    (fedora.root / "sys/module/nvidia").mkdir(parents=True)
    (fedora.root / "sys/module/nvidia/version").write_text(f"{LOADED}\n")
    (fedora.shim / "version").write_text(f"{LOADED}\n")
    (fedora.shim / "enabled").write_text("nvidia-persistenced\n")
    (fedora.shim / "active").write_text("nvidia-persistenced\n")
    return fedora


def test_the_fabric_manager_has_the_version_of_the_loaded_driver_and_runs(server: Fedora) -> None:
    script = server.render(stack("board"), "parts")
    done = server.run(script)
    assert done.returncode == 0, done.stderr
    (install,) = [call for call in server.calls if call.startswith("dnf")]
    assert f" nvidia-fabricmanager-{LOADED}" in install
    assert " nvlsm " in install  # NVLink 5 has a subnet manager of its own
    assert "datacenter-gpu-manager-4-cuda13" in install
    assert "systemctl enable --now nvidia-fabricmanager" in server.calls
    assert "systemctl enable --now nvidia-dcgm" in server.calls
    assert "systemctl enable --now nvidia-persistenced" not in server.calls
    assert "ib_umad" in (server.root / "etc/modules-load.d/gpusetup-parts.conf").read_text()
    assert server.run(script, "--check").returncode == 0
    assert server.run(script).stdout.count("nothing to do") == 1


def test_undo_stops_what_it_started_and_nothing_else(server: Fedora) -> None:
    script, before = server.render(stack("board"), "parts"), server.tree()
    assert server.run(script).returncode == 0
    assert server.run(script, "--undo").returncode == 0
    assert [call for call in server.calls if " disable " in call] == [
        "systemctl disable --now nvidia-fabricmanager nvidia-dcgm"
    ]
    assert server.tree() == before


def test_another_version_than_the_loaded_drivers_is_not_taken_for_done(server: Fedora) -> None:
    script = server.render(stack("board"), "parts")
    assert server.run(script).returncode == 0
    (server.shim / "version").write_text("595.71.05\n")  # dnf has updated the packages, the driver is still loaded
    assert server.run(script, "--check").returncode == 1


def test_a_service_that_does_not_start_is_named(server: Fedora) -> None:
    script = server.render(stack("board"), "parts")
    refused = server.run(script, FAIL_ON="systemctl enable --now nvidia-fabricmanager")
    assert refused.returncode == 6
    assert (
        "the service nvidia-fabricmanager does not start; see journalctl -b -u nvidia-fabricmanager" in refused.stderr
    )
