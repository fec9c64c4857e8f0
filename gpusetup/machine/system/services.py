"""NVIDIA's services and the builders of its modules, by the files that systemd keeps."""

from __future__ import annotations

from collections.abc import Iterator

from gpusetup.machine.host import Host
from gpusetup.machine.model import Reading, Service, Unread

UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
GROUPS = ("/sys/fs/cgroup/system.slice", "/sys/fs/cgroup/systemd/system.slice", "/sys/fs/cgroup/unified/system.slice")
NAMES = (
    "akmods",
    "dkms",
    "nvidia-*",
    "dcgm",
    "nv-hostengine",
    "unattended-upgrades",
    "dnf-automatic*",
    "dnf5-automatic*",
)


def read_services(host: Host) -> tuple[Service, ...]:
    """Return the installed units: enabled by a link from a target, running by the control group systemd makes."""
    enabled = {path.rpartition("/")[2] for path in host.glob("/etc/systemd/system/*.wants/*.service")}
    return tuple(
        Service(name=name, enabled=f"{name}.service" in enabled, running=_running(host, name))
        for name in sorted(set(_installed(host)))
    )


def _installed(host: Host) -> Iterator[str]:
    for folder in UNITS:
        for name in NAMES:
            for path in host.glob(f"{folder}/{name}.service"):
                yield path.rpartition("/")[2].removesuffix(".service")


def _running(host: Host, name: str) -> Reading[bool]:
    slices = [folder for folder in GROUPS if host.is_dir(folder)]
    if not slices:
        return Unread(unread="absent", source=GROUPS[0], detail="no systemd runs here")
    return any(host.is_dir(f"{folder}/{name}.service") for folder in slices)
