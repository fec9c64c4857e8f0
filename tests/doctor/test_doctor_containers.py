"""The way a GPU or a driver is given depends on what the machine runs in."""

from __future__ import annotations

import pytest

from gpusetup.doctor.examine import examine
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.software.containers import passing
from gpusetup.doctor.software.min_driver import newer_driver
from tests.doctor.machines import machine


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("podman", "container-gpu"),
        ("docker", "container-gpu"),
        ("lxc", "container-gpu-lxc"),
        ("kubernetes", "cluster-gpu"),
        ("containerd", "cluster-gpu"),
    ],
)
def test_a_container_is_given_the_gpu_in_the_way_of_its_kind(kind: str, remedy: str) -> None:
    assert passing(machine("container", {"system": {"container": kind}})).name == remedy


def test_the_driver_of_wsl_is_updated_in_windows() -> None:
    assert newer_driver(machine("wsl")).name == "update-wsl"
    assert newer_driver(machine("desktop")).name == "newer-driver"


@pytest.mark.parametrize("kind", ["lxc", "kubernetes"])
def test_no_command_of_podman_is_advised_where_podman_runs_nothing(kind: str) -> None:
    nodes = [{"path": "/dev/nvidiactl", "usable": True}, {"path": "/dev/nvidia0", "usable": True}]
    host = machine("container", {"system": {"container": kind}, "device_nodes!": nodes})
    found = [one for one in examine(host, tuple(all_rules().values())) if one.state == "error"]
    assert [one.rule for one in found] == ["CTR109"]
    assert found[0].remedy
    assert not any(word in command for command in found[0].remedy.commands for word in ("podman", "docker"))
