"""Which cards a machine has and which driver serves them, by NVML or else by the PCI bus and the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.doctor.rule import either, there
from gpusetup.facts import facts
from gpusetup.machine.model import Machine, Unread
from gpusetup.versions import driver

if TYPE_CHECKING:
    from gpusetup.facts.model.cuda import Arch, Branch
    from gpusetup.facts.model.fact import Fact


class Card(NamedTuple):
    """One card; `capability` such as ``8.9``, and how we know it."""

    subject: str
    name: str
    capability: str
    known_by: str


def cards(machine: Machine) -> list[Card]:
    """Return the cards whose compute capability is known: asked of NVML, or else looked up by PCI device id."""
    if not isinstance(machine.gpus, Unread) and machine.gpus:
        return [
            Card(f"GPU {gpu.index}", either(gpu.name) or "unnamed GPU", found, "NVML")
            for gpu in machine.gpus
            if (found := either(gpu.compute_capability))
        ]
    wanted = {card.device_id: card.address for card in there(machine.pci) or ()}
    return [
        Card(f"PCI {wanted[device]}", row.name, row.cc, f"PCI id {device}, fact {row.id}")
        for row in (facts().gpu if wanted else ())
        for device in row.pci_ids
        if device in wanted
    ]


def architecture(card: Card) -> Arch | None:
    """Return the architecture of a card, None when the tables do not have its compute capability."""
    return next((row for row in facts().arch if card.capability in row.cc), None)


def driver_version(machine: Machine) -> str | None:
    """Return the driver's version by NVML, else by kernel module, else by library; None when there is no driver."""
    said = either(machine.driver.nvml) or either(machine.driver.kernel_module)
    return said or there(machine.driver.user_library)


def driver_branch(machine: Machine) -> Branch | None:
    """Return the table's row for the driver's branch, None when there is no driver or it is not in the table."""
    version = driver_version(machine)
    return next((row for row in facts().branch if version and row.branch == driver(version).branch), None)


def cite(row: Fact, says: str) -> str:
    """Return an evidence line that names the fact it rests on."""
    return f"fact {row.id} (read {row.read_on}): {says}"
