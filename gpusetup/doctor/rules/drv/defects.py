"""DRV105: a driver release with a known defect."""

from __future__ import annotations

import re

from gpusetup.doctor.gpu.cards import driver_version
from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import RuleResults, known, recorded, rule, there
from gpusetup.doctor.software.installed_defects import REMEDY, SOURCE, known_defects
from gpusetup.facts.model.defects import Defect
from gpusetup.machine.model import Machine
from gpusetup.versions import dotted

_LINUX = r"Linux (\d+\.\d+)"
LAPTOPS = "on laptops"


@rule(
    "DRV105",
    "driver-known-defect",
    "The driver release has a known defect",
    worst="info",
    stage="upkeep",
    after=("GPU001", "DRV003"),
    required=False,
    source=SOURCE,
    remedies=(REMEDY,),
)
def known_defect(machine: Machine) -> RuleResults:
    """The table of facts has a defect of this driver that concerns this machine: its GPUs, and its kernel where the
    defect is that a kernel cannot have the module.
    """
    version = driver_version(machine) if has_gpu(machine) else None
    if version:
        yield from known_defects(machine, "nvidia-driver", version, speaks_here=lambda row: _here(machine, row))


def _here(machine: Machine, row: Defect) -> bool:
    """Say whether a defect can show here: on its kernel, on a laptop, where it speaks of one."""
    if LAPTOPS in row.symptom and not there(recorded(machine.system.notebook, before=True)):
        return False
    kernel = re.search(_LINUX, row.symptom) if "cannot be built" in row.symptom else None
    return kernel is None or not _has_module(machine, kernel[1])


def _has_module(machine: Machine, first: str) -> bool:
    """Say whether every installed kernel is older than `first`, or the module of the running one is loaded."""
    running = known(machine.system.kernel.release)
    newest = there(machine.system.kernel.next_release) or running
    loaded = there(machine.driver.kernel_module) is not None
    numbers = [match[0] for one in (running, newest) if (match := re.match(r"\d+\.\d+", one))]
    return not any(dotted(one) >= dotted(first) for one in numbers) or (loaded and newest == running)
