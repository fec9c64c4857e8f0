"""CTR209, CTR210: hosts whose container engine or driver is packed in an unusual way."""

from __future__ import annotations

from gpusetup.doctor.rule import RuleResults, fix, info, rule, there, warning
from gpusetup.doctor.subjects import has_gpu
from gpusetup.machine.model import Machine

SNAP = "/snap/"
OPERATOR = "/run/nvidia/driver"


@rule(
    "CTR209",
    "docker-snap",
    "Docker is installed as a snap, which cannot use the host's NVIDIA driver",
    worst="warning",
    after=("GPU001",),
    required=False,
    source="github.com/canonical/docker-snap: issue 148; github.com/NVIDIA/nvidia-container-toolkit: issue 154",
    remedies=("docker-snap",),
)
def snapped(machine: Machine) -> RuleResults:
    """Docker from the snap store runs in a confinement that does not see the driver's libraries of the host, nor the
    NVIDIA Container Toolkit in /usr/bin, nor /etc/docker/daemon.json: ``--gpus all`` ends with "could not select device
    driver" or "nvidia-container-cli: initialization error".
    """
    path = machine.containers.engines.get("docker", "")
    if path.startswith(SNAP) and has_gpu(machine):
        yield warning("docker is the snap, which does not see the host's NVIDIA driver", path, fix=fix("docker-snap"))


@rule(
    "CTR210",
    "gpu-operator-driver",
    "The driver runs in a container of NVIDIA's GPU Operator (/run/nvidia/driver)",
    worst="info",
    source="NVIDIA GPU Operator documentation, architecture; github.com/NVIDIA/gpu-operator: issues 178, 695",
    required=False,
)
def operator_driver(machine: Machine) -> RuleResults:
    """The GPU Operator builds and loads the kernel module from a container and keeps the driver's libraries below
    ``/run/nvidia/driver``, where pods get them from. The host itself has no driver package, no libcuda and no
    nvidia-smi; that is how it should be, and nothing is to be installed here.

    ``chroot /run/nvidia/driver nvidia-smi`` asks the driver on such a host.
    """
    if version := there(machine.containers.operator_driver):
        yield info(
            f"the driver {version} is the GPU Operator's, below {OPERATOR}: the host needs none of its own",
            f"{OPERATOR} holds libcuda.so.{version}",
            f"ask it with: chroot {OPERATOR} nvidia-smi",
        )
