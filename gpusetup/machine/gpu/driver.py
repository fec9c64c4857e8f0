"""The driver version as the kernel module and the user library say it, without NVML."""

from __future__ import annotations

import re
from typing import Any

from gpusetup.machine.dotted import is_dotted
from gpusetup.machine.gpu.elsewhere import read_alternatives, read_driver_container
from gpusetup.machine.host import Host
from gpusetup.machine.model import Driver, Library, Pairs, Reading, Unread
from gpusetup.machine.software.programs import find_program

NVRM = "/proc/driver/nvidia/version"
NVRM_LIMIT = 4096
FIRMWARE = "/lib/firmware"
FIRMWARE_PATH = "/sys/module/firmware_class/parameters/path"
"""Where the kernel was told to look first: NixOS and the GPU Operator's driver container name a folder of theirs."""
MODULES = "/lib/modules"
OPEN = "Dual MIT/GPL"
PROPRIETARY = "NVIDIA"
UMAD = "/sys/class/infiniband_mad"
"""There once ib_umad is loaded or built in."""
SUBNET_MANAGER = "/opt/nvidia/nvlsm"
"""Where the package nvlsm puts it (Fabric Manager User Guide; github.com/siderolabs/extensions#893)."""
PROGRAMS = ("nvidia-smi", "nvidia-modprobe", "nvidia-persistenced", "nvidia-uninstall", "nvidia-installer")


def read_driver(host: Host, nvml: dict[str, Any], libraries: tuple[Library, ...]) -> Driver:
    """Return what each part says: `nvml` has the fields that NVML answered."""
    nvrm = host.read_text(NVRM, NVRM_LIMIT)
    return Driver(
        **nvml,
        module_gcc=_module_gcc(nvrm),
        parameters=_parameters(host),
        gsp_firmware=_gsp_firmware(host),
        alternatives=read_alternatives(host),
        container=read_driver_container(host),
        programs=tuple((name, path) for name in PROGRAMS if (path := find_program(host, name))),
        kernel_module=_kernel_module(host, nvrm),
        module_license=_license(nvrm),
        user_library=_user_library(libraries),
        umad=_lies(host, "/sys/class", UMAD),
        subnet_manager=_lies(host, "/opt", SUBNET_MANAGER),
    )


def _lies(host: Host, top: str, path: str) -> Reading[bool]:
    """Say whether `path` is there; of a host without even the folder `top` nothing is known."""
    if refused := host.forbidden(top, path):
        return refused
    return host.exists(path) if host.exists(top) else Unread(unread="absent", source=path, detail=f"there is no {top}")


def _kernel_module(host: Host, nvrm: Reading[str]) -> Reading[str]:
    if not isinstance(nvrm, Unread):
        words = nvrm.partition("Kernel Module")[2].partition("\n")[0].split()
        if said := next((word for word in words if "." in word and is_dotted(word)), ""):
            return said
    version = host.read_line("/sys/module/nvidia/version")
    if not isinstance(version, Unread):
        return version
    return nvrm if isinstance(nvrm, Unread) else Unread(unread="failed", source=NVRM, detail=f"says {nvrm[:60]!r}")


def _license(nvrm: Reading[str]) -> Reading[str]:
    """Return the licence of the loaded module: its version line names the open flavour."""
    if isinstance(nvrm, Unread):
        return nvrm
    return OPEN if "Open Kernel Module" in nvrm else PROPRIETARY


def _module_gcc(nvrm: Reading[str]) -> Reading[str]:
    """Return the compiler's version from the second line, ``GCC version:  gcc version 15.2.1 20250808 (…)``."""
    if isinstance(nvrm, Unread):
        return nvrm
    line = next((line for line in nvrm.splitlines() if line.startswith("GCC version:")), "")
    said = re.search(r"\d{1,9}\.\d{1,9}\.\d{1,9}", line)
    return said[0] if said else Unread(unread="failed", source=NVRM, detail="names no gcc")


def _parameters(host: Host) -> Reading[Pairs]:
    """Return the module's options in force, and whether nvidia_drm sets the screen's mode."""
    text = host.read_text("/proc/driver/nvidia/params")
    modeset = host.read_line("/sys/module/nvidia_drm/parameters/modeset")
    if isinstance(text, Unread):
        return text
    pairs = [(name, value.strip()) for name, _, value in (line.partition(":") for line in text.splitlines()) if name]
    return (*pairs, *([] if isinstance(modeset, Unread) else [("nvidia_drm.modeset", modeset)]))


def _gsp_firmware(host: Host) -> Reading[Pairs]:
    """Return (driver version, path) of each firmware file that a driver has installed, wherever the kernel looks.

    Source: Linux kernel, Documentation/driver-api/firmware/fw_search_path.rst.
    """
    named = host.read_line(FIRMWARE_PATH)
    own = () if isinstance(named, Unread) or not named.startswith("/") else (named.rstrip("/"),)
    tops = (*own, f"{FIRMWARE}/updates", FIRMWARE)
    # the package of the firmware was all that was there: a minimal host without it has not even the folder
    if not any(map(host.exists, tops)) and not host.names(MODULES):
        return Unread(unread="absent", source=FIRMWARE, detail="no firmware is kept here: a container, mostly")
    if refused := host.forbidden(*tops, *(f"{top}/nvidia" for top in tops)):
        return refused
    paths = dict.fromkeys(path for top in tops for path in host.glob(f"{top}/nvidia/[0-9]*/gsp*.bin*"))
    return tuple((path.split("/")[-2], path) for path in paths)


def _user_library(libraries: tuple[Library, ...]) -> Reading[str]:
    """Return the version of the first libcuda the linker would take."""
    first = next((each for each in libraries if each.soname == "libcuda.so.1" and each.origin != "toolkit"), None)
    if first is None:
        return Unread(unread="absent", source="libcuda.so.1", detail="nowhere the linker looks")
    return first.version or Unread(unread="failed", source=first.path, detail="the file name tells no version")
