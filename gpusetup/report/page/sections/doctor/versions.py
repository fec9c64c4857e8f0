"""The versions of a stack: in one line for each part, and as the table that a ticket needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.distributions import normal
from gpusetup.doctor.outcome.areas import FRAMEWORKS
from gpusetup.doctor.rule import either
from gpusetup.machine.model import NOT_RECORDED, Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.doctor.finding import Report
    from gpusetup.machine.model import Machine, Reading

_FURTHER = ("keras", "jax", "optax", "numpy", "triton")
_NVIDIA = "nvidia-"
_AREAS = {
    "Card": "GPU", "Kernel module": "Driver", "Driver library": "Driver", "CUDA": "CUDA", "Frameworks": "Frameworks",
    "Containers": "Containers",
}  # fmt: skip
"""Part of the stack → the area of a report that has its versions."""


class Version(NamedTuple):
    """One row: `unread` says why there is no version, ``""`` where there is one."""

    part: str
    what: str
    version: str
    unread: str = ""


def versions(report: Report, machine: Machine | None) -> dict[str, list[Version]]:
    """Return part → its rows; those of the report's areas where the machine itself is not at hand."""
    found: dict[str, list[Version]] = {}
    for one in _rows(report, machine):
        found.setdefault(one.part, []).append(one)
    return found


def _rows(report: Report, machine: Machine | None) -> Iterator[Version]:
    if machine is None:
        yield from (Version(one.name, "", one.versions) for one in report.areas)
        return
    for rows in (_system, _driver, _cuda, _python, _containers):
        yield from rows(machine)


def parts(report: Report, machine: Machine | None) -> dict[str, str]:
    """Return part of the stack → its versions in few words, "" for nothing of the kind; none that is not recorded."""
    areas = {one.name: "" if one.state == "none" else one.versions for one in report.areas}
    named = {part: areas[area] for part, area in _AREAS.items() if area in areas}
    return named if machine is None else named | _of_machine(machine)


def _of_machine(machine: Machine) -> dict[str, str]:
    wheels = [one for one in machine.distributions if normal(one.name).startswith(_NVIDIA)]
    cudnn = dict.fromkeys(one.version for one in wheels if "cudnn" in one.name)
    cudnn |= dict.fromkeys(one.version for one in machine.libraries if "libcudnn.so" in one.soname and one.version)
    driver = machine.driver
    return {
        "Kernel module": either(driver.kernel_module) or "",
        "Driver library": either(driver.user_library) or either(driver.nvml) or "",
        "cuDNN": ", ".join(cudnn),
        "Python wheels": f"{len(wheels)} of NVIDIA" if wheels else "",
    }


def _system(machine: Machine) -> Iterator[Version]:
    system = machine.system
    yield from _row("System", "distribution", system.pretty_name)
    yield from _row("System", "kernel", system.kernel.release)
    yield from _row("System", "C library", system.libc)
    yield from _row("System", "processor", system.cpu)
    yield from _row("System", "Python", system.python)


def _driver(machine: Machine) -> Iterator[Version]:
    driver = machine.driver
    yield from _row("Driver", "kernel module", driver.kernel_module)
    yield from _row("Driver", "its licence", driver.module_license)
    yield from _row("Driver", "NVML", driver.nvml)
    yield from _row("Driver", "libcuda", driver.user_library)


def _cuda(machine: Machine) -> Iterator[Version]:
    yield from _row("CUDA", "the newest that the driver runs", machine.driver.cuda)
    for folder, version in machine.toolkits.items():
        yield Version("CUDA", f"toolkit in {folder}", version or "unknown")
    for one in machine.libraries:
        if one.soname.startswith(("libcudnn.so", "libnccl.so")) and one.version:
            yield Version("CUDA", f"{one.soname} ({one.origin})", one.version)


def _python(machine: Machine) -> Iterator[Version]:
    for one in machine.distributions:
        name = normal(one.name)
        if name in FRAMEWORKS or name in _FURTHER or name.startswith(_NVIDIA):
            built = "" if not one.cuda else " (CPU only)" if one.cuda == "cpu" else f" (CUDA {one.cuda})"
            yield Version("Python", one.name, f"{one.version}{built}")


def _containers(machine: Machine) -> Iterator[Version]:
    held = machine.containers
    for name in held.engines:
        yield Version("Containers", name, held.versions.get(name, "") or "version not recorded")


def _row(part: str, what: str, reading: Reading[str]) -> Iterator[Version]:
    if isinstance(reading, Unread):
        if reading != NOT_RECORDED:
            yield Version(part, what, "", reading.unread)
    elif reading:
        yield Version(part, what, reading)
