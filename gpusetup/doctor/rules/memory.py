"""MEM…: ECC, retired pages and remapped rows."""

from __future__ import annotations

from gpusetup.doctor.cards import is_datacentre
from gpusetup.doctor.rule import Verdicts, error, fix, there, warning
from gpusetup.doctor.subjects import gpu_rule
from gpusetup.machine.model import Gpu, Machine

REMAP = "https://docs.nvidia.com/deploy/a100-gpu-mem-error-mgmt/"
RETIRE = "https://docs.nvidia.com/deploy/dynamic-page-retirement/"


@gpu_rule("MEM001", "A GPU has had uncorrectable memory errors", worst="warning", source=REMAP)
def uncorrected(machine: Machine, gpu: Gpu) -> Verdicts:
    """ECC found errors in this GPU's memory that it could not mend; the count is over the card's life.

    Each one ended a program. Old errors whose rows have been remapped are history; a count that grows is a failing
    card.
    """
    count = there(gpu.ecc_uncorrected)
    if count:
        yield warning(
            f"{count} uncorrectable memory errors over the life of this GPU",
            f"uncorrected errors, aggregate: {count}",
            fix=fix("watch-memory"),
        )


@gpu_rule("MEM002", "Remapped rows wait for a reset", worst="warning", source=REMAP)
def remap_pending(machine: Machine, gpu: Gpu) -> Verdicts:
    """A memory row has failed and its replacement takes effect only when this GPU is reset."""
    rows = there(gpu.remapped_rows)
    if rows and rows[2]:
        yield warning(
            "a failed memory row will be replaced at the next reset",
            f"remapped rows: {rows[0]} correctable, {rows[1]} uncorrectable, pending",
            fix=fix("reset-gpu", index=str(gpu.index)),
        )


@gpu_rule("MEM003", "A memory row could not be replaced", worst="error", source=REMAP)
def remap_failed(machine: Machine, gpu: Gpu) -> Verdicts:
    """A row of this GPU's memory failed and no spare row was left for it; NVIDIA's policy is to replace the card."""
    rows = there(gpu.remapped_rows)
    if rows and rows[3]:
        yield error(
            "a failed memory row could not be replaced: the card needs service",
            f"remapped rows: {rows[0]} correctable, {rows[1]} uncorrectable, failure flag set",
            fix=fix("service"),
        )


@gpu_rule("MEM004", "Memory pages wait for retirement", worst="warning", source=RETIRE)
def retirement_pending(machine: Machine, gpu: Gpu) -> Verdicts:
    """Pages of this GPU's memory are marked bad and will be left out after the next reset or restart."""
    if there(gpu.retired_pending):
        yield warning(
            "bad memory pages will be retired at the next reset",
            "retired pages: pending",
            fix=fix("reset-gpu", index=str(gpu.index)),
        )


@gpu_rule(
    "MEM005",
    "A server GPU has ECC switched off",
    worst="warning",
    source="NVIDIA driver README; nvidia-smi(1), --ecc-config",
)
def ecc_off(machine: Machine, gpu: Gpu) -> Verdicts:
    """This server GPU can detect and mend memory errors, but the feature is off: a flipped bit goes unnoticed into the
    results. Cards for desktops have it off as they come, so nothing is said of them.
    """
    if there(gpu.ecc) is False and is_datacentre(machine, gpu):
        yield warning(
            "ECC is off: a flipped bit in memory goes unnoticed",
            "ECC mode: disabled",
            fix=fix("enable-ecc", index=str(gpu.index)),
        )
