"""What the system itself runs in: a container, a virtual machine, WSL."""

from __future__ import annotations

import re

from gpusetup.machine.host import Host
from gpusetup.machine.keyvalue import entry
from gpusetup.machine.model import Reading, Unread

_CGROUP = r"(kubepods|docker|libpod|crio|containerd|lxc)"
_ENGINE = {"kubepods": "kubernetes", "libpod": "podman"}
_MAKERS = {
    "QEMU": "qemu",
    "KVM": "kvm",
    "VMware": "vmware",
    # VirtualBox still carries the name of its first maker in its firmware
    "innotek": "virtualbox",
    "Xen": "xen",
    "Amazon EC2": "amazon",
    "Google Compute Engine": "google",
    # Hyper-V's product name; its vendor, Microsoft Corporation, is that of tablets as well
    "Virtual Machine": "hyper-v",
    "Parallels": "parallels",
    "OpenStack": "openstack",
}


def read_container(host: Host) -> str:
    """Return the engine we run inside, "" when none was recognised."""
    if any(host.exists(f"{folder}/secrets/kubernetes.io") for folder in ("/run", "/var/run")):
        return "kubernetes"  # a pod of CRI-O also has podman's file, and of containerd none
    if host.exists("/run/.containerenv"):
        return "podman"
    if host.exists("/.dockerenv"):
        return "docker"
    manager = host.read_line("/run/systemd/container")
    if not isinstance(manager, Unread):
        return manager
    groups = host.read_text("/proc/1/cgroup")
    named = None if isinstance(groups, Unread) else re.search(_CGROUP, groups)
    return _ENGINE.get(named[1], named[1]) if named else ""


def read_virtualization(host: Host, cpuinfo: Reading[str]) -> str:
    """Return ``wsl``, the hypervisor by its DMI names, ``vm`` for one that only the processor shows, or ""."""
    version = host.read_line("/proc/version")
    if not isinstance(version, Unread) and "microsoft" in version.lower():
        return "wsl"
    names = (host.read_line(f"/sys/class/dmi/id/{name}") for name in ("sys_vendor", "product_name", "bios_vendor"))
    said = " ".join(name for name in names if not isinstance(name, Unread))
    known = next((kind for maker, kind in _MAKERS.items() if maker in said), "")
    # the bit that hypervisors set (CPUID 1, ECX 31), whatever their firmware is called
    hidden = not isinstance(cpuinfo, Unread) and "hypervisor" in entry(cpuinfo, "flags").split()
    return known or ("vm" if hidden else "")
