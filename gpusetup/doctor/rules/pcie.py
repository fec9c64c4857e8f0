"""PCI…: the link between GPU and host."""

from __future__ import annotations

from gpusetup.doctor.rule import Verdicts, fix, there, warning
from gpusetup.doctor.subjects import gpu_rule
from gpusetup.machine.model import Gpu, Machine

LINK = "nvml.h, nvmlDeviceGetCurrPcieLinkWidth and nvmlDeviceGetMaxPcieLinkWidth"


@gpu_rule("PCI001", "A GPU has fewer PCIe lanes than it could", worst="warning", source=LINK)
def narrow(machine: Machine, gpu: Gpu) -> Verdicts:
    """The link runs with fewer lanes than card and slot allow, so copies to and from the GPU are slower in
    proportion.

    Unlike the speed, the width does not change with load: a card that is not seated well, a riser, a slot that shares
    its lanes, or a notebook that was built so.
    """
    width = there(gpu.pcie_width)
    if width and width[0] < width[1]:
        yield warning(
            f"the PCIe link has {width[0]} of {width[1]} lanes",
            f"width now: x{width[0]}",
            f"width possible: x{width[1]}",
            fix=fix("reseat"),
        )


@gpu_rule(
    "PCI002",
    "A busy GPU's PCIe link runs slower than it could",
    worst="warning",
    source="nvml.h, nvmlDeviceGetCurrPcieLinkGeneration and nvmlDeviceGetMaxPcieLinkGeneration",
)
def slow(machine: Machine, gpu: Gpu) -> Verdicts:
    """The GPU is at work (it draws more than half of its power limit), yet the link's generation is below what card and
    slot allow. An idle GPU lowers it to save power, so of idle ones nothing is said.
    """
    generation = there(gpu.pcie_gen)
    if not generation or generation[0] >= generation[1]:
        return
    power, limit = there(gpu.power), there(gpu.power_limit)
    if power is not None and limit is not None and power > limit / 2:
        yield warning(
            f"the PCIe link runs at generation {generation[0]} of {generation[1]} under load",
            f"power: {power} W of {limit} W",
            fix=fix("reseat"),
        )
