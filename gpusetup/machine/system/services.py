"""NVIDIA's services and the builders of its modules, by the files that systemd keeps."""

from __future__ import annotations

from collections.abc import Iterator

from gpusetup.machine.host import Host
from gpusetup.machine.model import Reading, Service, Unread

UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
ENABLED = ("/etc/systemd/system/*.wants/*.service", "/etc/systemd/system/*.wants/*.timer",
           "/etc/systemd/system/*.requires/*.service",
           "/usr/lib/systemd/system/systemd-*.service.*/nvidia-*.service")  # fmt: skip
"""Where systemd keeps what is enabled. NVIDIA's suspend services are required by systemd's own (their units'
``RequiredBy=``), and some packages link them in the folder of the vendor."""
# cgroup version 2, version 1, and both side by side
GROUPS = ("/sys/fs/cgroup/system.slice", "/sys/fs/cgroup/systemd/system.slice", "/sys/fs/cgroup/unified/system.slice")
NAMES = (
    "akmods.", "dkms.", "nvidia-", "dcgm.", "nv-hostengine.", "unattended-upgrades.", "dnf-automatic", "dnf5-automatic",
)  # fmt: skip
"""How the names of the units begin."""


def read_services(host: Host) -> tuple[Service, ...]:
    """Return the installed units: enabled by a link from a target (or its timer's), running by its control group."""
    links = [path for pattern in ENABLED for path in host.glob(pattern)]
    enabled = {path.rpartition("/")[2].rpartition(".")[0] for path in links}
    return tuple(
        Service(name=name, enabled=name in enabled, running=_running(host, name))
        for name in sorted(set(_installed(host)))
    )


def _installed(host: Host) -> Iterator[str]:
    for folder in dict.fromkeys(map(host.resolve, UNITS)):  # /lib is /usr/lib nearly everywhere
        for name in host.names(folder):
            if name.startswith(NAMES) and name.endswith(".service"):
                yield name.removesuffix(".service")


def _running(host: Host, name: str) -> Reading[bool]:
    slices = [folder for folder in GROUPS if host.is_dir(folder)]
    if not slices:
        return Unread(unread="absent", source=GROUPS[0], detail="no systemd runs here")
    # a service has a control group exactly while a process of its runs; asking systemd would need its bus
    return any(host.is_dir(f"{folder}/{name}.service") for folder in slices)
