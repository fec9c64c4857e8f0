"""How each kind of container is given a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.rule import Fix, fix

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine

LXC = ("lxc", "lxc-libvirt")
"""As systemd(1) calls them in /run/systemd/container."""
PODS = ("kubernetes", "crio", "containerd")


def passing(machine: Machine) -> Fix:
    """Return how a container of this kind is given the GPU; it is done outside of it."""
    if machine.system.container in LXC:
        return fix("container-gpu-lxc")
    return fix("cluster-gpu") if machine.system.container in PODS else fix("container-gpu")
