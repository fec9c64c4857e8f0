"""PCI: the PCIe link between GPU and host: width, speed, replays."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import gpu_rule
from gpusetup.doctor.rule import RuleResults, fix, info, optional, there, warning
from gpusetup.machine.model import Gpu, Machine

DCGM = "github.com/NVIDIA/DCGM: dcgmlib, dcgm_gpu_hardware_limits.h"
REPLAYS_PER_MINUTE = 8
"""Of a link: DCGM_LIMIT_MAX_PCIREPLAY_RATE, "the maximum recommended by RM". Newer diagnostics of DCGM have limits for
each lane and generation (0.15 to 3.84); their x16 link of generation 4 may have 15, so this one is the stricter."""
WORKS = 0.5
"""Share of the power limit above which a GPU is at work: an idle one lowers its link, and draws a fifth at most."""
LINK = "nvml.h, nvmlDeviceGetCurrPcieLinkWidth and nvmlDeviceGetMaxPcieLinkWidth"


@gpu_rule(
    "PCI003",
    "pcie-replays",
    "High PCIe replay rate",
    worst="warning",
    required=False,
    source=DCGM,
    remedies=("reseat",),
)
def replays(machine: Machine, gpu: Gpu) -> RuleResults:
    """Packets on the link arrive damaged and are sent again: more than eight a minute, counted from the start of the
    system, is more than NVIDIA recommends. A card or riser that is not seated well, or a slot that cannot do the speed.
    """
    count, seconds = there(gpu.pcie_replays), there(machine.system.uptime)
    # within the first minute a handful of replays is not yet a rate
    rate = count * 60 / max(seconds, 60) if count and seconds else 0
    if rate > REPLAYS_PER_MINUTE:
        yield warning(
            f"the PCIe link repeats {rate:.0f} packets a minute",
            f"{count} replays in {seconds:.0f} s",
            fix=fix("reseat"),
        )


@gpu_rule(
    "PCI001", "pcie-width-reduced", "PCIe link width is reduced", worst="warning", source=LINK, remedies=("reseat",)
)
def narrow(machine: Machine, gpu: Gpu) -> RuleResults:
    """The link runs with fewer lanes than card and slot allow, so copies to and from the GPU are slower in
    proportion.

    Unlike the speed, the width does not change with load: a card that is not seated well, a riser, or a slot that
    shares its lanes. A notebook's board and a virtual machine's host decide the width themselves, and nobody can
    change it there.
    """
    width = there(gpu.pcie_width)
    # NVML's maximum is already the lesser of card and slot (nvmlDeviceGetMaxPcieLinkWidth): an x8 slot is no fault
    if width and width[0] < width[1]:
        built_so = _is_built_in(machine)
        say = info if built_so else warning
        yield say(
            f"the PCIe link has {width[0]} of {width[1]} lanes",
            f"width now: x{width[0]}",
            f"width possible: x{width[1]}",
            fix=None if built_so else fix("reseat"),
        )


def _is_built_in(machine: Machine) -> bool:
    """Say whether the link is the work of a notebook's board or a virtual machine's host; WSL's host is a desktop."""
    notebook = optional(machine.system.notebook, "it only says whether the card can be seated anew")
    return bool(notebook) or machine.system.virtualization not in {"", "wsl"}


@gpu_rule(
    "PCI002",
    "pcie-speed-reduced",
    "PCIe link speed is reduced under load",
    worst="warning",
    source="nvml.h, nvmlDeviceGetCurrPcieLinkGeneration and nvmlDeviceGetMaxPcieLinkGeneration",
    remedies=("reseat",),
)
def slow(machine: Machine, gpu: Gpu) -> RuleResults:
    """The GPU is at work (it draws more than half of its power limit), yet the link's generation is below what card and
    slot allow. An idle GPU lowers it to save power, so of idle ones nothing is said.
    """
    generation = there(gpu.pcie_gen)
    # the maximum is the lesser of card and slot here too (nvml.h, nvmlDeviceGetMaxPcieLinkGeneration)
    if not generation or generation[0] >= generation[1]:
        return
    power, limit = there(gpu.power), there(gpu.power_limit)
    if power is not None and limit is not None and power > limit * WORKS:
        yield warning(
            f"the PCIe link runs at generation {generation[0]} of {generation[1]} under load",
            f"power: {power} W of {limit} W",
            fix=fix("reseat"),
        )


@gpu_rule(
    "PCI004",
    "pcie-gpu-errors",
    "The GPU counts uncorrectable PCIe errors",
    worst="warning",
    required=False,
    source="nvml.h, NVML_FI_DEV_PCIE_COUNT_NON_FATAL_ERROR and _FATAL_ERROR",
    remedies=("reseat",),
)
def uncorrectable(machine: Machine, gpu: Gpu) -> RuleResults:
    """Since the driver was loaded, the GPU's own PCIe interface has counted errors that a replay could not correct.
    Packets were lost: a program failed, or the driver had to recover.

    Correctable errors are repeated by the link and judged as replays. The kernel's own counters (AER) can miss these,
    where firmware handles the errors first.
    """
    counted = dict(there(gpu.pcie_errors) or ())
    if counted.get("fatal") or counted.get("non-fatal"):
        yield warning(
            f"uncorrectable PCIe errors: {counted.get('fatal', 0)} fatal, {counted.get('non-fatal', 0)} non-fatal",
            *(f"{name}: {count}" for name, count in counted.items() if count),
            fix=fix("reseat"),
        )
