"""The running kernel, the modules it has loaded, and those on disk for every installed kernel."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from gpusetup.machine.budget import within
from gpusetup.machine.dotted import whole
from gpusetup.machine.host import Host
from gpusetup.machine.kernel.boot import read_boot
from gpusetup.machine.kernel.builds import read_builds
from gpusetup.machine.kernel.log import read_earlier_log, read_kernel_log
from gpusetup.machine.kernel.modprobe import read_modprobe
from gpusetup.machine.kernel.module_file import read_module_file
from gpusetup.machine.kernel.next_release import read_next_release
from gpusetup.machine.model import Kernel, Module, Reading, Unread

MODULES = "/lib/modules"
ELSEWHERE = ("/run/booted-system/kernel-modules/lib/modules", "/run/nvidia/driver/lib/modules")
"""Where NixOS has its modules, and the driver's container of the GPU Operator those that it has built."""
NVRM = "/proc/driver/nvidia/version"
# a distribution's whole kernel has under one MiB
MODULES_DEP_LIMIT = 8 << 20
_MODULES = ("nvidia", "nouveau", "vfio_pci")
_MODULE_FAMILIES = ("nvidia_", "nova")
_ARGUMENTS = (
    "rd.driver.blacklist=", "modprobe.blacklist=", "module_blacklist=", "module.sig_enforce", "nomodeset", "iommu",
    "intel_iommu", "amd_iommu", "vfio", "pci=", "pcie_", "efi=", "lockdown", "vga=", "swiotlb=",
    "systemd.unified_cgroup_hierarchy",
)  # fmt: skip
_NVIDIA_FILE = r"nvidia(-current|-tesla(-\d+)?|-legacy-\d+xx)?(-open)?(-(uvm|drm|modeset|peermem))?\.ko(\.\w+)?"


def read_kernel(host: Host) -> Kernel:
    """Return what the kernel says of itself and what lies on disk for it."""
    release = host.read_line("/proc/sys/kernel/osrelease")
    on_disk = {name: _on_disk(host, name) for name in _releases(host)}
    running = on_disk.get(release, ()) if isinstance(release, str) else ()
    return Kernel(
        release=release,
        command_line=_command_line(host),
        modules=_loaded(host),
        modules_on_disk={name: tuple(sorted(set(map(os.path.basename, paths)))) for name, paths in on_disk.items()},
        headers=release if isinstance(release, Unread) else host.exists(f"{MODULES}/{release}/build/Makefile"),
        taint=host.read_int("/proc/sys/kernel/tainted"),
        lockdown=_lockdown(host),
        next_release=within(host, MODULES, read_next_release),
        boot=read_boot(host),
        module_file=read_module_file(host, running, loaded=host.exists(NVRM)),
        builds=within(host, "the builds of modules", read_builds),
        modprobe=within(host, "modprobe's settings", read_modprobe),
        log=within(host, "the kernel's log", read_kernel_log),
        earlier_log=within(host, "the kernel's log", read_earlier_log),
    )


def _releases(host: Host) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for top in (MODULES, *ELSEWHERE) for name in host.names(top)))


def _command_line(host: Host) -> Reading[str]:
    """Return the arguments that bear on GPUs; the others can name disks, tokens and keys, and stay where they are."""
    line = host.read_line("/proc/cmdline")
    if isinstance(line, Unread):
        return line
    return " ".join(argument for argument in line.split() if _bears_on_gpus(argument.replace("-", "_")))


def _bears_on_gpus(argument: str) -> bool:
    of_module = argument.startswith(("nouveau", "nvidia", "nova")) and ("." in argument or "=" in argument)
    return of_module or argument.startswith(_ARGUMENTS)


def _loaded(host: Host) -> Reading[tuple[Module, ...]]:
    text = host.read_text("/proc/modules")
    if isinstance(text, Unread):
        return _loaded_by_sysfs(host, text)
    # name, size, uses, what uses it, state, address (proc(5)); the first three are wanted
    rows = (line.split(" ", 3) for line in text.splitlines() if _drives_a_gpu(line.partition(" ")[0]))
    return tuple(
        Module(
            # a kernel without CONFIG_MODULE_UNLOAD writes "-" for the uses
            name=row[0],
            version=_version(host, row[0]),
            uses=-1 if (uses := whole("".join(row[2:3]))) is None else uses,
        )
        for row in rows
    )


def _loaded_by_sysfs(host: Host, otherwise: Unread) -> Reading[tuple[Module, ...]]:
    """Return the modules by /sys/module, for sandboxes that leave out /proc/modules; what is built in has no state."""
    names = host.listdir("/sys/module")
    if isinstance(names, Unread):
        return otherwise
    loaded = (name for name in names if _drives_a_gpu(name) and host.exists(f"/sys/module/{name}/initstate"))
    return tuple(Module(name=name, version=_version(host, name)) for name in loaded)


def _drives_a_gpu(module: str) -> bool:
    return module in _MODULES or module.startswith(_MODULE_FAMILIES)


def _version(host: Host, module: str) -> str:
    version = host.read_line(f"/sys/module/{module}/version")
    return "" if isinstance(version, Unread) else version


def _on_disk(host: Host, release: str) -> tuple[str, ...]:
    """Return the nvidia modules for the kernel `release`: those depmod knows and those in the folders they go to."""
    return tuple(sorted({path for top in (MODULES, *ELSEWHERE) for path in _below(host, f"{top}/{release}")}))


def _below(host: Host, top: str) -> set[str]:
    index = host.read_bytes(f"{top}/modules.dep", MODULES_DEP_LIMIT)
    listed = () if isinstance(index, Unread) else _entries(index)
    known = [os.path.join(top, raw.decode(errors="replace")) for raw in listed]
    # akmods; DKMS and KMPs; NVIDIA's .run file; NixOS
    folders = ("extra", "updates", "kernel/drivers/video", "misc")
    lying = [path for folder in folders for depth in ("*", "*/*") for path in host.glob(f"{top}/{folder}/{depth}")]
    return {path for path in (*known, *lying) if re.fullmatch(_NVIDIA_FILE, os.path.basename(path))}


def _entries(index: bytes) -> Iterator[bytes]:
    """Yield the modules named nvidia of a ``modules.dep``, whose lines are ``FILE: WHAT IT NEEDS``."""
    at = 0
    while (found := index.find(b"nvidia", at)) >= 0:
        start = index.rfind(b"\n", at, found) + 1 or at
        end = index.find(b"\n", found)
        at = end if end >= 0 else len(index)
        file, mark, _ = index[start:at].partition(b":")
        if mark and b"nvidia" in file and b".ko" in file:
            yield file


def _lockdown(host: Host) -> Reading[str]:
    """Return the mode in brackets of ``none [integrity] confidentiality``."""
    path = "/sys/kernel/security/lockdown"
    line = host.read_line(path)
    if isinstance(line, Unread):
        return line
    chosen = re.search(r"\[(\w+)\]", line)
    return chosen[1] if chosen else Unread(unread="failed", source=path, detail=f"no mode in {line[:60]!r}")
