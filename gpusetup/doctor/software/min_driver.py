"""The lowest driver that runs what a wheel, an image or a program brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.gpu.cards import cite
from gpusetup.doctor.rule import Fix, fix, listed, unlisted
from gpusetup.facts import facts as tables
from gpusetup.facts.min_driver import driver_floor
from gpusetup.value import Value
from gpusetup.versions import cuda

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.machine.model import Machine


class MinDriver(Value):
    """The lowest driver, and how we know."""

    driver: str
    known_by: str


def floor_of(series: str, facts: Facts) -> MinDriver | None:
    """Return the lowest driver for programs of a CUDA series, None when the tables do not know it."""
    found = driver_floor(facts, series)
    if found is None:
        return None
    says = f"programs of CUDA {series} run on driver {found.driver} and newer"
    return MinDriver(driver=found.driver, known_by=cite(found.row, says))


def newer_driver(machine: Machine) -> Fix:
    """Return how this machine gets a newer driver: inside WSL it is the one of Windows."""
    return fix("update-wsl" if machine.system.virtualization == "wsl" else "newer-driver")


def known_floor(series: str) -> MinDriver:
    """Return the lowest driver for programs of a CUDA series; raises `UnreadError` when the tables do not know it."""
    major = cuda(series).major
    releases = (row for row in tables().cuda if row.series == series)
    majors = (row for row in tables().cuda_major if row.major == major)
    unlisted(releases, f"CUDA {series}", f"every CUDA {major} runs on the driver of its first")
    unlisted(majors, f"CUDA {major}", "the lowest driver of the release itself is no lower")
    found = floor_of(series, tables())
    return listed([found] if found else [], f"the lowest driver for CUDA {series}")
