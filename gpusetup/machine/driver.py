"""The driver version as the kernel module and the user library say it, without NVML."""

from __future__ import annotations

import re
from typing import Any

from gpusetup.machine.host import Host
from gpusetup.machine.model import Driver, Library, Reading, Unread

NVRM = "/proc/driver/nvidia/version"
OPEN = "Dual MIT/GPL"
PROPRIETARY = "NVIDIA"


def read_driver(host: Host, nvml: dict[str, Any], libraries: tuple[Library, ...]) -> Driver:
    """Return what each part says: `nvml` has the fields that NVML answered."""
    nvrm = host.read_text(NVRM)
    return Driver(
        **nvml,
        kernel_module=_kernel_module(host, nvrm),
        module_license=_license(nvrm),
        user_library=_user_library(libraries),
    )


def _kernel_module(host: Host, nvrm: Reading[str]) -> Reading[str]:
    if not isinstance(nvrm, Unread) and (said := re.search(r"Kernel Module.*?\s(\d+(?:\.\d+)+)\s", nvrm + "\n")):
        return said[1]
    version = host.read_line("/sys/module/nvidia/version")
    if not isinstance(version, Unread):
        return version
    return nvrm if isinstance(nvrm, Unread) else Unread(unread="failed", source=NVRM, detail=f"says {nvrm[:60]!r}")


def _license(nvrm: Reading[str]) -> Reading[str]:
    """Return the licence of the loaded module: its version line names the open flavour."""
    if isinstance(nvrm, Unread):
        return nvrm
    return OPEN if "Open Kernel Module" in nvrm else PROPRIETARY


def _user_library(libraries: tuple[Library, ...]) -> Reading[str]:
    """Return the version of the first libcuda the linker would take."""
    first = next((each for each in libraries if each.soname == "libcuda.so.1" and each.origin != "toolkit"), None)
    if first is None:
        return Unread(unread="absent", source="libcuda.so.1", detail="nowhere the linker looks")
    return first.version or Unread(unread="failed", source=first.path, detail="the file name tells no version")
