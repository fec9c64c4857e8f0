"""Drivers that are not installed in the host's own folders, and Debian's switches between two that are."""

from __future__ import annotations

from gpusetup.machine.host import Host
from gpusetup.machine.model import Pairs, Reading, Unread

ALTERNATIVES = "/etc/alternatives"
SWITCHES = ("glx", "nvidia")
ROOTS = (
    ("the GPU Operator", "/run/nvidia/driver"),
    ("GKE", "/home/kubernetes/bin/nvidia"),
    ("Container-Optimized OS", "/var/lib/nvidia"),
    ("Talos", "/usr/local/glibc"),
    ("Bottlerocket", "/x86_64-bottlerocket-linux-gnu/sys-root/usr/lib/nvidia/tesla"),
)
"""Who puts the driver where. Sources: docs.nvidia.com, GPU Operator, driver containers;
github.com/GoogleCloudPlatform/container-engine-accelerators, daemonset.yaml; pkg.go.dev, cos_gpu_installer;
github.com/siderolabs/extensions/issues/527; github.com/bottlerocket-os/bottlerocket: kmod-5.15-nvidia.spec. Read
2026-11-30."""
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib64", "usr/lib", "lib64", "lib", "")
SIGN = "libcuda.so.1"


def read_alternatives(host: Host) -> Reading[Pairs]:
    """Return what Debian's alternatives of the driver lead to; absent where it has none."""
    found = [(name, host.readlink(f"{ALTERNATIVES}/{name}")) for name in SWITCHES]
    led = tuple((name, target) for name, target in found if not isinstance(target, Unread))
    return led or Unread(unread="absent", source=ALTERNATIVES, detail="no alternative of the driver")


def read_driver_container(host: Host) -> Reading[Pairs]:
    """Return (who, folder) of each driver that lies in a folder of its own."""
    if refused := host.forbidden("/run/nvidia"):
        return refused
    return tuple(
        (who, root) for who, root in ROOTS if any(host.exists(f"{root}/{folder}/{SIGN}") for folder in LIBRARIES)
    )
