"""BUS: the card on the PCI bus: BARs, AER errors, exclusion by option."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import each_card
from gpusetup.doctor.rule import RuleResults, error, fix, info, rule, there, warning
from gpusetup.machine.model import Machine, PciGpu

SYSFS = "Linux kernel: Documentation/ABI/testing/sysfs-bus-pci"
AER = "Linux kernel: Documentation/ABI/testing/sysfs-bus-pci-devices-aer_stats"
# ours: neither the kernel nor NVIDIA names a number, so what is above it is only a note
MANY_CORRECTED = 1000


@rule(
    "BUS001",
    "bar-unassigned",
    "PCI BAR of a GPU has no address space",
    worst="error",
    blocks="firmware",
    after=("GPU001",),
    over=each_card,
    required=False,
    source=SYSFS,
    remedies=("bar-space",),
)
def no_window(machine: Machine, card: PciGpu) -> RuleResults:
    """The machine's firmware gave this card no address space for its registers or for the window to its memory, so no
    driver can use it.

    "Above 4G decoding" in the firmware's settings, or the kernel argument ``pci=realloc``, makes room.
    """
    bars = there(card.bars)
    # the first has the registers, the next the window to the memory; where the first has 64 bits (Hopper), that is
    # number 2, since number 1 holds its upper half (PCI Local Bus Specification, base address registers)
    if bars and not (bars[0] and any(bars[1:3])):
        yield error(
            "a PCI BAR (memory window) of this card has no address space",
            f"sizes of its BARs: {list(bars)}",
            fix=fix("bar-space"),
        )


@rule(
    "BUS002",
    "pcie-aer-errors",
    "PCIe AER errors on a GPU",
    worst="error",
    after=("GPU001",),
    over=each_card,
    required=False,
    source=AER,
    remedies=("reseat",),
)
def errors(machine: Machine, card: PciGpu) -> RuleResults:
    """The kernel has counted PCIe errors of this card since the start: fatal ones lose it, non-fatal ones lose data in
    flight, corrected ones cost speed when there are many. Slot, riser or power are the usual origin.
    """
    counts = there(card.aer_errors)
    if not counts:
        return
    said = f"corrected {counts[0]}, non-fatal {counts[1]}, fatal {counts[2]}"
    if counts[2] or counts[1]:
        say = error if counts[2] else warning
        yield say("PCIe errors that were not corrected", said, fix=fix("reseat"))
    elif counts[0] >= MANY_CORRECTED:
        yield info("many corrected PCIe errors", said, fix=fix("reseat"))


@rule(
    "BUS003",
    "gpu-excluded",
    "GPU excluded by a driver option (NVreg_ExcludedGpus)",
    worst="warning",
    stage="kernel module",
    blocks="device nodes",
    after=("GPU001",),
    over=each_card,
    required=False,
    source="NVIDIA driver README: NVreg_ExcludedGpus",
    remedies=("excluded-gpu",),
)
def excluded(machine: Machine, card: PciGpu) -> RuleResults:
    """The module option ``NVreg_ExcludedGpus`` names this card, so the driver leaves it alone."""
    facts = dict(there(card.information) or ())
    # kernel-open/nvidia/nv-procfs.c writes Yes or No (595.45.04)
    if facts.get("GPU Excluded", "").lower() == "yes":
        yield warning(
            "a driver option excludes this GPU (NVreg_ExcludedGpus)", "GPU Excluded: Yes", fix=fix("excluded-gpu")
        )
