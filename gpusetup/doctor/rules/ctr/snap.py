"""CTR3…: engines that are confined themselves."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import RuleResults, fix, rule, warning
from gpusetup.machine.model import Machine

# by the path of the program: snapd links what it installs into /snap/bin
SNAP = "/snap/"


@rule(
    "CTR301",
    "docker-is-a-snap",
    "Docker is a snap and cannot use the NVIDIA Container Toolkit of the host",
    worst="warning",
    after=("GPU001",),
    required=False,
    source="github.com/canonical/docker-snap/issues/148; github.com/NVIDIA/nvidia-container-toolkit/issues/154",
    remedies=("docker-of-packages",),
)
def confined(machine: Machine) -> RuleResults:
    """Docker from the Snap store runs confined: it sees neither the driver's libraries of the host nor the runtime that
    the host's toolkit installs, and reads its configuration elsewhere than ``/etc/docker``.
    """
    docker = machine.containers.engines.get("docker", "")
    if docker.startswith(SNAP) and has_gpu(machine):
        yield warning(
            "docker is a snap, which does not see the host's driver libraries",
            f"docker: {docker}",
            fix=fix("docker-of-packages"),
        )
