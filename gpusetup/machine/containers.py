"""Container engines, the NVIDIA container toolkit and its device specifications."""

from __future__ import annotations

from gpusetup.machine.host import Host
from gpusetup.machine.model import Containers
from gpusetup.machine.programs import find_program

PROGRAMS = (
    "podman", "docker", "buildah", "nerdctl", "containerd", "crio", "apptainer", "singularity", "enroot",
    "nvidia-ctk", "nvidia-container-cli", "nvidia-container-runtime",
)  # fmt: skip
CDI_FOLDERS = ("/etc/cdi", "/run/cdi", "/var/run/cdi")


def read_containers(host: Host) -> Containers:
    """Return the programs found and the CDI specifications, each file once."""
    found = {name: find_program(host, name) for name in PROGRAMS}
    specs = [
        path for folder in CDI_FOLDERS for kind in ("json", "yaml") for path in host.glob(f"{folder}/*nvidia*.{kind}")
    ]
    return Containers(
        engines={name: path for name, path in found.items() if path},
        cdi_specs=tuple({host.resolve(path): path for path in reversed(specs)}.values()),
    )
