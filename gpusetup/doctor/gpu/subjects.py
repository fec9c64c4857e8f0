"""What rules speak of: each GPU that NVML shows, each card on the PCI bus; and what is there at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from gpusetup.doctor.gpu import nvml
from gpusetup.doctor.rule import (
    NO_SUCH_THING,
    Rule,
    RuleResults,
    Severity,
    either,
    failure,
    known,
    optional,
    rule,
    there,
)
from gpusetup.machine.model import Unread

if TYPE_CHECKING:
    from gpusetup.machine.model import Gpu, Machine, PciGpu

NVML_SILENT = "DRV001"
GPU_LOST = "GPU003"
DRIVER_HANGS = "DRV005"
GPU_UNANSWERED = "ANS002"
READS = "driver library"
"""The stage without which there is no reading of a GPU by NVML."""


def each_gpu(machine: Machine) -> Iterator[tuple[str, Gpu]]:
    """Every GPU that NVML shows."""
    for gpu in known(machine.gpus):
        yield f"GPU {gpu.index}", gpu


def each_card(machine: Machine) -> Iterator[tuple[str, PciGpu]]:
    """Every NVIDIA card on the PCI bus, driver or not."""
    for card in there(machine.pci) or ():
        yield f"PCI {card.address}", card


def gpu_rule(
    rule_id: str,
    slug: str,
    title: str,
    *,
    worst: Severity,
    source: str,
    after: tuple[str, ...] = (),
    required: bool | None = None,
    remedies: tuple[str, ...] = (),
    stage: str = "",
    blocks: str = "",
) -> Callable[[Callable[..., RuleResults]], Rule]:
    """Make a rule that is run over every GPU; a silent driver or a lost GPU explains what it cannot check."""
    return rule(
        rule_id,
        slug,
        title,
        worst=worst,
        source=source,
        after=(*after, NVML_SILENT, GPU_UNANSWERED),  # by name: either may be unknown itself, which blocks nothing
        over=each_gpu,
        required=required,
        remedies=remedies,
        stage=stage,
        blocks=blocks,
        reads=READS,
    )


def has_card(machine: Machine) -> bool:
    """Say whether the PCI bus has an NVIDIA GPU; a machine without such a bus has none on it."""
    return bool(there(machine.pci))


def has_gpu(machine: Machine) -> bool:
    """Say whether there is an NVIDIA GPU: by NVML, by the PCI bus, or because the driver is in trouble over one.

    A driver that says "not loaded" or cannot be loaded is no sign of a GPU; one that crashes, hangs or answers any
    other error is.
    """
    why = failure(machine.gpus, "a driver that answers with an error is taken as a sign of a GPU")
    if why:
        away = why.unread in NO_SUCH_THING or why.code in {nvml.LIBRARY_NOT_FOUND, nvml.DRIVER_NOT_LOADED}
        return has_card(machine) or not away or is_jetson(machine)
    return bool(machine.gpus) or has_card(machine)


def is_jetson(machine: Machine) -> bool:
    """Say whether the GPU is part of a Jetson's processor: it is on no PCI bus, and nvgpu is its driver."""
    modules = optional(machine.system.kernel.modules, "a GPU of any other kind is on the PCI bus")
    return any(module.name == "nvgpu" for module in modules or ())


def module_names(machine: Machine) -> set[str]:
    """Return the names of the loaded kernel modules that concern a GPU."""
    return {module.name for module in known(machine.system.kernel.modules)}


def slot_of(address: str) -> str:
    """Return a PCI address without its function, ``0000:01:00``: so the driver's messages name a GPU."""
    return address.partition(".")[0]


def working(machine: Machine) -> frozenset[str]:
    """Return the slots of the GPUs that NVML shows and that answer: whatever else is found, the driver drives them."""
    found = set()
    for gpu in either(machine.gpus) or ():
        values = (getattr(gpu, name) for name in gpu.__struct_fields__)
        silent = any(isinstance(one, Unread) and one.code in (nvml.GPU_IS_LOST, nvml.RESET_REQUIRED) for one in values)
        if not silent and (address := either(gpu.pci_address)):
            found.add(slot_of(address))
    return frozenset(found)


def slots(machine: Machine) -> dict[str, str]:
    """Return which card each subject is, by slot: ``GPU 0`` and ``PCI 0000:01:00.0`` are one."""
    found = {f"PCI {card.address}": slot_of(card.address) for card in either(machine.pci) or ()}
    for gpu in either(machine.gpus) or ():
        if address := either(gpu.pci_address):
            found[f"GPU {gpu.index}"] = slot_of(address)
    return found
