"""ANS017: GPUs of one model in one machine, held against each other."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gpusetup.doctor import nvml
from gpusetup.doctor.once import once
from gpusetup.doctor.rule import Verdicts, fix, known, optional, there, warning
from gpusetup.doctor.subjects import gpu_rule

if TYPE_CHECKING:
    from gpusetup.machine.model import Gpu, Machine

GIB = 1 << 30
NO_MEASURE = "a GPU that does not tell is no measure for others"
COMMON = ("name", "pci_device", "ecc", "mig", "virtualization")
"""What equal GPUs have in common, the settings that change how much memory is shown among it."""
NEARLY = 0.98
"""Of the memory that its equals show: drivers reserve a little more on the GPU that draws a desktop."""


@once
def _usual(machine: Machine) -> dict[object, tuple[int, int]]:
    """Return model → the memory that most of its GPUs show (the larger where as many show either), and how many."""
    found: dict[object, Counter[int]] = {}
    for gpu in known(machine.gpus):
        if shown := optional(gpu.memory_total, NO_MEASURE):
            found.setdefault(_model(gpu), Counter())[shown] += 1
    return {model: max(count.items(), key=lambda one: one[::-1]) for model, count in found.items()}


def _model(gpu: Gpu) -> object:
    return tuple(optional(getattr(gpu, name), NO_MEASURE) for name in COMMON)


@gpu_rule(
    "ANS017",
    "less-memory-than-peers",
    "A GPU reports less memory than its peers of the same model",
    worst="warning",
    after=("ANS001",),
    source=nvml.SOURCE,
    remedies=("compare-gpus",),
)
def less_memory(machine: Machine, gpu: Gpu) -> Verdicts:
    """GPUs of one model, set alike, have the same memory; this one shows less. Memory that failed and was left out, a
    start that went wrong, or a card of another kind under the same name.
    """
    shown = there(gpu.memory_total)
    for name in COMMON:
        there(getattr(gpu, name))
    usual, count = _usual(machine)[_model(gpu)] if shown else (0, 0)
    if shown and shown < NEARLY * usual:
        yield warning(
            f"this GPU shows {shown / GIB:.0f} GiB of memory, equal ones show {usual / GIB:.0f} GiB",
            f"memory: {shown} bytes",
            f"GPUs of the same model, set alike, with {usual} bytes: {count}",
            fix=fix("compare-gpus"),
        )
