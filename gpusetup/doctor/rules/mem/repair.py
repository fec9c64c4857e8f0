"""MEM01…: repairs of memory beyond rows: channels, TPCs, banks, and what can no longer be repaired."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import gpu_rule
from gpusetup.doctor.rule import RuleResults, error, fix, there, warning
from gpusetup.machine.model import Gpu, Machine

REMAP = "https://docs.nvidia.com/deploy/a100-gpu-mem-error-mgmt/"


@gpu_rule(
    "MEM010",
    "repair-pending",
    "A channel or TPC repair is pending a reset",
    worst="warning",
    source="nvml.h, nvmlRepairStatus_v1_t (bChannelRepairPending, bTpcRepairPending)",
    remedies=("reset-gpu",),
)
def repair_pending(machine: Machine, gpu: Gpu) -> RuleResults:
    """A memory channel or a cluster of multiprocessors (TPC) of this GPU has failed, and a spare one takes its place
    when the GPU is reset. Until then programs that meet the failed part end with an error.
    """
    repairs = there(gpu.repairs)
    waiting = [name for name, waits in zip(("channel", "TPC"), repairs or (), strict=False) if waits]
    if waiting:
        yield warning(
            f"the repair of a failed {' and a failed '.join(waiting)} is pending a reset",
            f"repair pending: {', '.join(waiting)}",
            fix=fix("reset-gpu", index=str(gpu.index)),
        )


@gpu_rule(
    "MEM011",
    "unrepairable-memory",
    "GPU memory has an unrepairable failure",
    worst="error",
    source="nvml.h, nvmlDeviceGetUnrepairableMemoryFlag_v1",
    remedies=("service",),
)
def unrepairable(machine: Machine, gpu: Gpu) -> RuleResults:
    """Memory of this GPU has failed and neither a spare row nor a spare channel can replace it: the card needs
    service.
    """
    if there(gpu.unrepairable_memory):
        yield error(
            "memory of this GPU has failed and cannot be repaired: the card needs service",
            "unrepairable memory: yes",
            fix=fix("service"),
        )


@gpu_rule(
    "MEM012",
    "bank-remap-pending",
    "Bank remapping is pending a reset",
    worst="warning",
    source=f"nvml.h, NVML_FI_DEV_PENDING_BANK_REMAPPING; {REMAP}",
    remedies=("reset-gpu",),
)
def bank_pending(machine: Machine, gpu: Gpu) -> RuleResults:
    """A memory bank has failed, and the spare bank takes its place when this GPU is reset."""
    banks = there(gpu.bank_remaps)
    if banks and banks[3]:
        yield warning(
            "the remapping of a failed memory bank is pending a reset",
            f"bank remappings: {banks[0]} active, {banks[1]} inactive, pending",
            fix=fix("reset-gpu", index=str(gpu.index)),
        )


@gpu_rule(
    "MEM013",
    "bank-remap-no-spares",
    "No spare bank is left for bank remapping",
    worst="warning",
    after=("MEM011",),
    source="nvml.h, NVML_FI_DEV_BANK_REMAPPER_HISTOGRAM_NONE",
    remedies=("watch-memory",),
)
def no_spare_bank(machine: Machine, gpu: Gpu) -> RuleResults:
    """A group of memory banks has used its spare bank: the next bank that fails there cannot be replaced."""
    banks = there(gpu.bank_remaps)
    if banks and banks[2]:
        yield warning(
            f"{banks[2]} groups of memory banks have no spare bank left",
            f"bank remappings: {banks[0]} active, {banks[1]} inactive; groups without a spare: {banks[2]}",
            fix=fix("watch-memory"),
        )
