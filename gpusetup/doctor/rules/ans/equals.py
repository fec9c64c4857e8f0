"""ANS017…: GPUs of one model in one machine, compared with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.gpu import nvml
from gpusetup.doctor.gpu.cards import is_datacentre
from gpusetup.doctor.gpu.equals import Trait, beside_switches, equal_rule, measure, never, unlike
from gpusetup.doctor.gpu.subjects import DRIVER_HANGS, GPU_LOST, GPU_UNANSWERED, NVML_SILENT, gpu_rule
from gpusetup.doctor.rule import RuleResults, fix, known, rule, there, warning

if TYPE_CHECKING:
    from gpusetup.machine.model import Gpu, Machine

GIB = 1 << 30
NEARLY = 0.98
"""Of the memory that its equals show: drivers reserve a little more on the GPU that draws a desktop."""
MEMORY = Trait("memory_total", "the memory", text=lambda value: f"{float(value) / GIB:.0f} GiB")
MEMORIES = measure(MEMORY)


@gpu_rule(
    "ANS017",
    "less-memory-than-peers",
    "A GPU reports less memory than its peers of the same model",
    worst="warning",
    after=("ANS001",),
    source=nvml.SOURCE,
    remedies=("compare-gpus",),
)
def less_memory(machine: Machine, gpu: Gpu) -> RuleResults:
    """GPUs of one model, set alike, have the same memory; this one shows less. Memory that failed and was left out, a
    start that went wrong, or a card of another kind under the same name.
    """
    found = unlike(machine, gpu, MEMORY, MEMORIES)
    if found and float(found[0]) < NEARLY * float(found[1]):
        shown, usual, count = found
        yield warning(
            f"this GPU shows {MEMORY.text(shown)} of memory, equal ones show {MEMORY.text(usual)}",
            f"memory: {shown} bytes",
            f"GPUs of the same model, set alike, with {usual} bytes: {count}",
            fix=fix("compare-gpus"),
        )


def _at_most(pair: tuple[int, int]) -> int:
    """Return the maximum of a reading of (now, at most)."""
    return pair[1]


def _active(links: tuple[bool, ...]) -> int:
    return sum(links)


max_clock = equal_rule(
    "ANS018",
    "max-clock-differs",
    "The maximum clock of a GPU differs from its peers of the same model",
    Trait("clock_sm_max", "the maximum SM clock", text=lambda value: f"{value} MHz"),
    """GPUs of one model have the same maximum clock. One with a lower maximum was limited (``nvidia-smi
    --lock-gpu-clocks`` and a vendor's settings lower it), has another VBIOS, or was degraded: a collective operation
    runs at the pace of the slowest GPU.
    """,
)
power_limit = equal_rule(
    "ANS019",
    "power-limit-differs",
    "The power limit of a GPU differs from its peers of the same model",
    Trait("power_limit", "the power limit", text=lambda value: f"{value:g} W"),
    """GPUs of one model that work together should have one power limit: the one with the lowest is the slowest, and all
    others wait for it in each collective operation. Outside data centres it is only noted: people set such limits.
    """,
    is_datacentre,
)
link_width = equal_rule(
    "ANS021",
    "link-width-differs",
    "The PCIe link width of a GPU differs from its peers of the same model",
    Trait("pcie_width", "the maximum PCIe link width", value=_at_most, text=lambda value: f"x{value}"),
    """The slot of this GPU has fewer lanes than those of its equals, or one that was damaged: copies from and to it are
    slower. Boards for desktops often have one slot of x16 and others of x4 or x8.
    """,
    never,
)
active_links = equal_rule(
    "ANS022",
    "active-nvlinks-differ",
    "A GPU has fewer active NVLinks than its peers of the same model",
    Trait("nvlinks", "the number of active NVLinks", value=_active),
    """GPUs of one model on one baseboard or bridge have the same number of active NVLinks. One that differs has lost
    links, or none of its links was ever trained, which a GPU by itself cannot show. Without NVSwitches it is only
    noted, since a bridge can join some of the cards alone.
    """,
    beside_switches,
)


link_speed = equal_rule(
    "ANS024",
    "nvlink-speed-differs",
    "The NVLink speed of a GPU differs from its peers of the same model",
    Trait("nvlink_speeds", "the NVLink speed", value=min, text=lambda value: f"{value} MB/s"),
    """GPUs of one model train their NVLinks to one speed. One whose slowest link is slower than that of its equals
    slows down every collective operation.
    """,
)


@rule(
    "ANS023",
    "module-id-gap",
    "A baseboard position has no GPU",
    worst="warning",
    after=("ANS001", GPU_LOST, DRIVER_HANGS, NVML_SILENT, GPU_UNANSWERED),
    required=False,
    source="nvml.h, nvmlDeviceGetModuleId",
    remedies=("compare-gpus",),
)
def module_gap(machine: Machine) -> RuleResults:
    """The GPUs of a baseboard (HGX, DGX) are numbered from 1. A number between them that no GPU has belongs to a GPU
    that the machine no longer shows, neither on the PCI bus nor to the driver.

    A virtual machine, a container or an exclusion gets some of the GPUs on purpose. A GPU that is missing at the end
    leaves no gap: expectations (``--expect``) say how many there should be.
    """
    if machine.system.container or machine.system.virtualization:
        return
    numbers = {number for gpu in known(machine.gpus) if (number := there(gpu.module_id))}
    # 0 is a card that sits on no baseboard, so numbers begin with 1
    missing = sorted(set(range(1, max(numbers, default=0))) - numbers)
    # more gaps than GPUs is a numbering that is not understood, rather than so many lost GPUs
    if missing and len(missing) < len(numbers):
        yield warning(
            f"no GPU at baseboard position {', '.join(map(str, missing))}",
            f"positions (module ids) with a GPU: {', '.join(map(str, sorted(numbers)))}",
            fix=fix("compare-gpus"),
        )
