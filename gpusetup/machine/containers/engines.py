"""Container engines and the NVIDIA container toolkit."""

from __future__ import annotations

import re

import msgspec

from gpusetup.machine.containers.cdi import find_cdi, read_cdi
from gpusetup.machine.host import Host
from gpusetup.machine.model import Containers, Reading, Unread
from gpusetup.machine.software.programs import find_program

PROGRAMS = (
    "podman", "docker", "buildah", "nerdctl", "containerd", "crio", "apptainer", "singularity", "enroot",
    "nvidia-ctk", "nvidia-container-cli", "nvidia-container-runtime",
)  # fmt: skip
DOCKER = "/etc/docker/daemon.json"
TOOLKIT = "/etc/nvidia-container-runtime/config.toml"


def read_containers(host: Host) -> Containers:
    """Return the programs found, how they are set up, and the CDI specifications."""
    found = {name: find_program(host, name) for name in PROGRAMS}
    return Containers(
        engines={name: path for name, path in found.items() if path},
        cdi_specs=find_cdi(host),
        cdi=read_cdi(host),
        docker_runtimes=_docker_runtimes(host),
        no_cgroups=_no_cgroups(host),
    )


def _docker_runtimes(host: Host) -> Reading[tuple[str, ...]]:
    raw = host.read_bytes(DOCKER)
    if isinstance(raw, Unread):
        return raw
    try:
        told = msgspec.json.decode(raw, type=dict[str, object]).get("runtimes", {})
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Unread(unread="failed", source=DOCKER, detail=f"not JSON: {error}"[:120])
    return tuple(map(str, told)) if isinstance(told, dict) else ()


def _no_cgroups(host: Host) -> Reading[bool]:
    text = host.read_text(TOOLKIT)
    if isinstance(text, Unread):
        return text
    said = re.search(r"^\s*no-cgroups\s*=\s*(true|false)\b", text, re.MULTILINE)
    return said is not None and said[1] == "true"
