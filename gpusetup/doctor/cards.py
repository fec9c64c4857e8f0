"""Which cards a machine has and which driver serves them, by NVML or else by the PCI bus and the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.doctor.rule import UnreadError, either, known, there
from gpusetup.facts import facts
from gpusetup.facts.boards import boards_by_pci_id
from gpusetup.facts.find import gpus_by_pci_id
from gpusetup.machine.model import Machine, Unread
from gpusetup.versions import driver

if TYPE_CHECKING:
    from gpusetup.facts.model.cuda import Branch
    from gpusetup.facts.model.fact import Fact
    from gpusetup.machine.model import Gpu, PciGpu


class Card(msgspec.Struct, frozen=True):
    """One card; `capability` such as ``8.9``, and how we know it."""

    subject: str
    name: str
    capability: str
    known_by: str


def cards(machine: Machine) -> list[Card]:
    """Return the cards, their capability asked of NVML, or else looked up by PCI device id.

    Raises `UnreadError` for a card that is in no table.
    """
    if not isinstance(machine.gpus, Unread) and machine.gpus:
        return [
            Card(f"GPU {gpu.index}", either(gpu.name) or "unnamed GPU", found, "NVML")
            for gpu in machine.gpus
            if (found := either(gpu.compute_capability))  # ANS001 speaks of the others
        ]
    return [_from_tables(card) for card in there(machine.pci) or ()]


def _from_tables(card: PciGpu) -> Card:
    for board in boards_by_pci_id(facts(), card.device_id):
        known_by = f"PCI id {card.device_id}, fact {board.fact}"
        return Card(f"PCI {card.address}", board.name, board.cc, known_by)
    raise UnreadError(
        Unread(unread="failed", source="the table of GPUs", detail=f"it does not have PCI id {card.device_id}")
    )


def is_datacentre(machine: Machine, gpu: Gpu) -> bool:
    """Say whether this GPU is made for servers, by its PCI id in the tables."""
    ids = {card.address: card.device_id for card in there(machine.pci) or ()}
    device = ids.get(known(gpu.pci_address), "")
    return any(row.market == "datacentre" for row in gpus_by_pci_id(facts(), device))


def driver_version(machine: Machine) -> str | None:
    """Return the driver's version by NVML, else by kernel module, else by library; None when there is no driver."""
    said = either(machine.driver.nvml) or either(machine.driver.kernel_module)
    return said or there(machine.driver.user_library)


def driver_branch(machine: Machine) -> Branch | None:
    """Return the table's row for the driver's branch, None when there is no driver or it is not in the table."""
    version = driver_version(machine)
    if version is None:
        return None
    return next((row for row in facts().branch if row.branch == driver(version).branch), None)


def cite(row: Fact, says: str) -> str:
    """Return an evidence line that names the fact it rests on."""
    return f"fact {row.id} (read {row.read_on}): {says}"
