"""A driver that a system is given and does not install: in WSL that of Windows, in a guest with a vGPU its host's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.errors import CannotLookError
from gpusetup.facts.boards import is_vgpu
from gpusetup.resolve.host.reading import value_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gpusetup.machine.model import Gpu, Machine
    from gpusetup.resolve.model import DriverOf

VGPU = 2
"""Of `Gpu.virtualization`: NVML_GPU_VIRTUALIZATION_MODE_VGPU."""


def driver_of(machine: Machine | None, names: Iterable[str]) -> DriverOf:
    """Return whose the driver is on `machine`, or with cards of these `names`; "" where the system installs its own."""
    if machine is not None and value_of(machine.system.virtualization) == "wsl":
        return "windows"
    found = () if machine is None or any(names) else value_of(machine.gpus) or ()
    return "vgpu" if any(map(is_vgpu, names)) or any(map(_is_share, found)) else ""


def given_driver(machine: Machine | None, whose: DriverOf, notes: list[str]) -> str:
    """Return the version of the driver that is `whose`; raises `CannotLookError` where it does not answer.

    Sources: CUDA on WSL User Guide (no Linux driver may be installed inside WSL; libcuda comes from Windows); Virtual
    GPU Software User Guide (the guest's driver is of the same vGPU release as the host's, and is in no repository).
    """
    version = None if machine is None else value_of(machine.driver.nvml)
    if version is None:
        raise CannotLookError(*_UNKNOWN[whose])
    notes.append(_NOTES[whose].format(version))
    return version


def _is_share(gpu: Gpu) -> bool:
    return value_of(gpu.virtualization) == VGPU or is_vgpu(value_of(gpu.name) or "")


_UNKNOWN: dict[DriverOf, tuple[str, str]] = {
    "windows": (
        "NVIDIA's Windows driver does not answer inside WSL, so its version is not known",
        "install or update it in Windows, then run `wsl --update`; or give its version: --driver V",
    ),
    "vgpu": (
        "this is a vGPU, whose driver comes with the vGPU software of its host, so its version is not known",
        "install the guest driver that the host's administrator or the cloud provides; or give its version: --driver V",
    ),
}
_NOTES: dict[DriverOf, str] = {
    "windows": "this is WSL: driver {} comes from Windows, and none is installed in Linux",
    "vgpu": "this is a vGPU: driver {} comes with the vGPU software of its host, and is not replaced",
}
