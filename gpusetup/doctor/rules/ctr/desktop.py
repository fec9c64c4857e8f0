"""CTR214: Docker Desktop for Linux, whose engine runs in a virtual machine without a GPU."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import RuleResults, fix, optional, rule, warning
from gpusetup.machine.model import Machine

PACKAGE = "docker-desktop"


@rule(
    "CTR214",
    "docker-desktop-vm",
    "Docker Desktop runs containers in a virtual machine without a GPU",
    worst="warning",
    after=("GPU001", "CTR002"),
    required=False,
    source="github.com/docker/roadmap: issue 497; github.com/docker/desktop-linux: issue 213",
    remedies=("docker-engine",),
)
def desktop(machine: Machine) -> RuleResults:
    """Docker Desktop for Linux brings an engine of its own, in a virtual machine that has no GPU, and makes it the one
    that ``docker`` talks to: ``--gpus all`` ends with "could not select device driver", or NVIDIA's hook finds no
    libnvidia-ml.so.1. Docker Engine beside it, in the context ``default``, runs on the host and has the GPU. Docker
    Desktop for Windows is another matter: inside WSL it passes the GPU.
    """
    if machine.system.container or machine.system.virtualization == "wsl" or not has_gpu(machine):
        return
    packages = optional(machine.packages, "without a database of packages Docker Desktop is not looked for")
    if found := next((one for one in packages or () if one.name == PACKAGE), None):
        yield warning(
            "the engine of Docker Desktop runs in a virtual machine, which has no GPU",
            f"{PACKAGE} {found.version}",
            fix=fix("docker-engine"),
        )
