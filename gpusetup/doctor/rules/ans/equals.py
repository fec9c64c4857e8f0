"""ANS017…: GPUs of one model in one machine, compared with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from gpusetup.doctor import nvml
from gpusetup.doctor.cards import is_datacentre
from gpusetup.doctor.nvlink import is_baseboard
from gpusetup.doctor.once import once
from gpusetup.doctor.rule import (
    Rule,
    RuleResults,
    fix,
    info,
    known,
    optional,
    rule,
    there,
    warning,
)
from gpusetup.doctor.subjects import DRIVER_HANGS, GPU_LOST, GPU_UNANSWERED, NVML_SILENT, gpu_rule

if TYPE_CHECKING:
    from gpusetup.machine.model import Gpu, Machine

GIB = 1 << 30
NO_MEASURE = "a GPU that does not answer is not compared with"
COMMON = ("name", "pci_device", "ecc", "mig", "virtualization")
"""What equal GPUs have in common; among it the settings that change how much memory is shown."""
NEARLY = 0.98
"""Of the memory that its equals show: drivers reserve a little more on the GPU that draws a desktop."""
Amount = int | float | str


class Trait(msgspec.Struct, frozen=True):
    """What GPUs of one model, set alike, have alike: how it is read, and how it is written."""

    field: str
    words: str
    value: Callable[[Any], Amount] = lambda reading: reading
    text: Callable[[Any], str] = str


Measure = Callable[["Machine"], dict[object, tuple[Amount, int]]]


def measure(trait: Trait) -> Measure:
    """Return what works out, once for a machine, what most GPUs of each model have and how many have it.

    Where as many have either, the larger counts.
    """

    @once
    def usual(machine: Machine) -> dict[object, tuple[Amount, int]]:
        counts: dict[object, Counter[Amount]] = {}
        for gpu in known(machine.gpus):
            reading = optional(getattr(gpu, trait.field), NO_MEASURE)
            if reading is not None:
                counts.setdefault(_model(gpu), Counter())[trait.value(reading)] += 1
        return {model: max(count.items(), key=lambda one: one[::-1]) for model, count in counts.items()}

    return usual


def _model(gpu: Gpu) -> object:
    return tuple(optional(getattr(gpu, name), NO_MEASURE) for name in COMMON)


def _unlike(machine: Machine, gpu: Gpu, trait: Trait, usual: Measure) -> tuple[Amount, Amount, int] | None:
    """Return what this GPU has, what most have and how many, where they differ."""
    reading = there(getattr(gpu, trait.field))
    for name in COMMON:
        there(getattr(gpu, name))
    if reading is None:
        return None
    own, (most, count) = trait.value(reading), usual(machine)[_model(gpu)]
    return None if own == most else (own, most, count)


def always(_machine: Machine, _gpu: Gpu) -> bool:
    """Say that a difference matters on any machine."""
    return True


def never(_machine: Machine, _gpu: Gpu) -> bool:
    """Say that a difference is only worth knowing."""
    return False


def beside_switches(machine: Machine, _gpu: Gpu) -> bool:
    """Say whether NVSwitches join the GPUs; bridges can join some of them on purpose."""
    return bool(there(machine.nvswitches)) or is_baseboard(machine)


def equal_rule(
    rule_id: str, slug: str, title: str, trait: Trait, docs: str, matters: Callable[[Machine, Gpu], bool] = always
) -> Rule:
    """Make a rule that compares one trait of a GPU with that of its equals; where it `matters`, it warns."""
    usual = measure(trait)

    def differs(machine: Machine, gpu: Gpu) -> RuleResults:
        if found := _unlike(machine, gpu, trait, usual):
            own, most, count = found
            say = warning if matters(machine, gpu) else info
            yield say(
                f"{trait.words} differs from GPUs of the same model: {trait.text(own)}, others {trait.text(most)}",
                f"{trait.words}: {trait.text(own)}",
                f"GPUs of the same model, set alike, with {trait.text(most)}: {count}",
                fix=fix("compare-gpus"),
            )

    differs.__doc__ = docs
    make = gpu_rule(
        rule_id, slug, title, worst="info" if matters is never else "warning", after=("ANS001",), required=False,
        source=nvml.SOURCE, remedies=("compare-gpus",),
    )  # fmt: skip
    return make(differs)


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
    found = _unlike(machine, gpu, MEMORY, MEMORIES)
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
    missing = sorted(set(range(1, max(numbers, default=0))) - numbers)
    if missing and len(missing) < len(numbers):
        yield warning(
            f"no GPU at baseboard position {', '.join(map(str, missing))}",
            f"positions (module ids) with a GPU: {', '.join(map(str, sorted(numbers)))}",
            fix=fix("compare-gpus"),
        )
