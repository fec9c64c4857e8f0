"""WSL…: the Windows Subsystem for Linux, where the driver lives in Windows."""

from __future__ import annotations

from gpusetup.doctor.rule import Verdicts, error, fix, rule, there, warning
from gpusetup.doctor.rules.libraries import linker_finds
from gpusetup.machine.model import Machine

GUIDE = "https://docs.nvidia.com/cuda/wsl-user-guide/"
OWN = "/usr/lib/wsl/"


def is_wsl(machine: Machine) -> bool:
    """Say whether we run inside WSL."""
    return machine.system.virtualization == "wsl"


@rule("WSL001", "WSL has no GPU device", worst="error", source=GUIDE)
def no_device(machine: Machine) -> Verdicts:
    """Inside WSL the GPU is reached through /dev/dxg; without it, it is WSL 1, an old Windows, or Windows lacks the
    driver.
    """
    if is_wsl(machine) and "/dev/dxg" not in {node.path for node in there(machine.device_nodes) or ()}:
        yield error("/dev/dxg is missing: WSL cannot reach the GPU", "no /dev/dxg", fix=fix("update-wsl"))


@rule("WSL002", "A Linux driver hides WSL's own libcuda", worst="error", after=("WSL001",), source=GUIDE)
def own_driver(machine: Machine) -> Verdicts:
    """The linker finds a libcuda.so.1 outside /usr/lib/wsl/lib first: a Linux driver was installed inside WSL, where
    only the one of Windows works.
    """
    first = next(iter(linker_finds(machine, "libcuda.so.1")), None)
    if is_wsl(machine) and first and not first.path.startswith(OWN):
        yield error(
            "a Linux driver inside WSL hides the one of Windows",
            f"found first: {first.path}",
            fix=fix("remove-linux-driver"),
        )


@rule(
    "WSL003", "WSL's own libcuda is not on the linker's path", worst="error", after=("WSL001", "WSL002"), source=GUIDE
)
def not_on_path(machine: Machine) -> Verdicts:
    """The linker finds no libcuda.so.1 at all; Windows puts it into /usr/lib/wsl/lib, which belongs on the linker's
    path.
    """
    if is_wsl(machine) and not linker_finds(machine, "libcuda.so.1"):
        yield error(
            "the linker finds no libcuda.so.1",
            "not in /usr/lib/wsl/lib, not in the linker's cache",
            fix=fix("wsl-library-path"),
        )


@rule("WSL004", "WSL builds NVIDIA kernel modules", worst="warning", source=GUIDE)
def modules(machine: Machine) -> Verdicts:
    """A Linux kernel module of NVIDIA lies here; WSL's kernel cannot use it, and its package may bring a wrong
    libcuda.
    """
    built = [release for release, files in machine.system.kernel.modules_on_disk.items() if files]
    if is_wsl(machine) and built:
        yield warning(
            "NVIDIA kernel modules are installed inside WSL",
            f"for kernels: {', '.join(built)}",
            fix=fix("remove-linux-driver"),
        )
