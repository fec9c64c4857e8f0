"""How each kind of container is given a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.remedies.system_kind import container_kind
from gpusetup.doctor.rule import Fix, fix

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine

PODS = ("kubernetes", "containerd")
"""Kinds of container that a cluster starts: containerd alone is hardly ever given one by hand."""


def passing(machine: Machine) -> Fix:
    """Return how a container of this kind is given the GPU; it is done outside of it."""
    kind = container_kind(machine)
    if kind == "lxc":
        return fix("container-gpu-lxc")
    return fix("cluster-gpu") if kind in PODS else fix("container-gpu")
