"""Look up rows by the names that people and drivers use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.errors import WrongInputError
from gpusetup.facts import Facts
from gpusetup.facts.tables import TABLES
from gpusetup.versions import cuda

if TYPE_CHECKING:
    from gpusetup.facts.model.fact import Fact
    from gpusetup.facts.model.frameworks import TorchBuild
    from gpusetup.facts.model.hardware import Arch, Chip, GpuRow


def row_by_id(facts: Facts, row_id: str) -> Fact:
    """Return the row with this id, from any table; raises `WrongInputError` for an unknown id."""
    rows: Iterator[Fact] = (row for table in TABLES for row in getattr(facts, table) if row.id == row_id)
    for row in rows:
        return row
    raise WrongInputError(f"no fact has the id {row_id!r}", "`gpusetup facts list TABLE` shows the ids of a table")


def gpus_by_pci_id(facts: Facts, device_id: str) -> tuple[GpuRow, ...]:
    """Return the GPUs that bear a PCI device id (vendor 10de), ``1c8d``; two boards can share one."""
    return tuple(gpu for gpu in facts.gpu if device_id.lower() in gpu.pci_ids)


def chip_by_pci_id(facts: Facts, device_id: str) -> Chip | None:
    """Return the chip that bears a PCI device id, also for boards that have no row of their own."""
    return next((chip for chip in facts.chip if device_id.lower() in chip.pci_ids), None)


def arch_of(facts: Facts, compute_capability: str) -> Arch | None:
    """Return the architecture that has a compute capability."""
    return next((arch for arch in facts.arch if compute_capability in arch.cc), None)


def targets(facts: Facts, series: str, compute_capability: str) -> bool:
    """Return whether nvcc of a CUDA series supports a compute capability.

    It goes by the architecture's range of series, since capabilities are not added in order: 10.7 came after 12.1.
    """
    arch = arch_of(facts, compute_capability)
    if arch is None:
        return False
    return cuda(arch.cuda_first) <= cuda(series) and (not arch.cuda_last or cuda(series) <= cuda(arch.cuda_last))


def torch_builds(facts: Facts, release: str, machine: str = "x86_64") -> tuple[TorchBuild, ...]:
    """Return the rows about the builds of one exact PyTorch release."""
    return tuple(build for build in facts.torch_build if release in build.releases and build.machine == machine)
