"""Which cards a machine has and which driver serves them, by NVML or else by the PCI bus and the tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from gpusetup.doctor.once import once
from gpusetup.doctor.rule import UnreadError, either, failure, known, not_listed, optional, recorded, there, unlisted
from gpusetup.facts import facts
from gpusetup.facts.boards import boards_by_pci_id
from gpusetup.facts.find import gpus_by_pci_id
from gpusetup.machine.model import Gpu, Machine, Unread
from gpusetup.versions import driver

if TYPE_CHECKING:
    from gpusetup.facts.model.cuda import Branch
    from gpusetup.facts.model.fact import Fact


NVML = "NVML"
BY_BUS = "the PCI bus shows the cards, and the tables tell what they are"
BY_TABLES = "the tables tell it by the card's PCI id"
BY_OTHERS = "another part of the driver tells its version"
DRIVEN = "NVML shows this card, so the driver that is here drives it"
ONE_CHIP = ("desktop-soc", "jetson")
"""Markets whose GPUs are one chip with the processor."""
FOR_PEOPLE = ("geforce", "titan", "quadro", "nvs", "laptop")
"""Words in the names of cards that are made for no server."""


class HostCard(msgspec.Struct, frozen=True):
    """One card; `capability` such as ``8.9``, and how we know it."""

    subject: str
    capability: str
    known_by: str
    listed_as: str = ""
    gpu: Gpu | None = None

    @property
    def name(self) -> str:
        """Its name for people: NVML's or that of the tables."""
        return (either(self.gpu.name) or "unnamed GPU") if self.gpu else self.listed_as

    @property
    def driven(self) -> bool:
        """Whether NVML shows it, which it does of no card that the driver cannot drive."""
        return self.gpu is not None


def cards(machine: Machine) -> Iterator[HostCard]:
    """Yield the cards, their capability asked of NVML, or else looked up by PCI device id.

    Raises `UnreadError` after the others for a card of which neither tells.
    """
    unread = failure(machine.gpus, BY_BUS)
    gpus = () if isinstance(machine.gpus, Unread) else machine.gpus
    for gpu in sorted(gpus, key=lambda gpu: isinstance(gpu.compute_capability, Unread)):
        yield _of_nvml(machine, gpu)
    if not gpus:
        on_bus = there(machine.pci)
        if unread and not on_bus:
            there(unread)  # what NVML could not say, no bus says either
        for card in on_bus or ():
            yield HostCard(f"PCI {card.address}", *_of_tables(card.device_id))


def cards_to_drive(machine: Machine) -> Iterator[HostCard]:
    """Yield the cards, and those on the bus that NVML leaves out although no other driver has them."""
    yield from cards(machine)
    gpus = () if isinstance(machine.gpus, Unread) else machine.gpus
    on_bus = (there(machine.pci) or ()) if gpus else ()
    # a container may have been given fewer; where as many are shown as there are, addresses need not be compared
    if machine.system.container or len(gpus) >= len(on_bus):
        return
    shown = {known(gpu.pci_address) for gpu in gpus}
    for card in on_bus:
        if card.address not in shown and card.driver in {"", "nvidia"}:
            yield HostCard(f"PCI {card.address}", *_of_tables(card.device_id))


def _of_nvml(machine: Machine, gpu: Gpu) -> HostCard:
    subject = f"GPU {gpu.index}"
    if capability := optional(gpu.compute_capability, BY_TABLES):
        return HostCard(subject, capability, NVML, gpu=gpu)
    device = device_id(machine, gpu)
    capability, known_by, name = _of_tables(device) if device else (known(gpu.compute_capability), NVML, "")
    return HostCard(subject, capability, known_by, name, gpu)


def _of_tables(device: str) -> tuple[str, str, str]:
    """Return capability, how we know it and name of the card with a PCI device id."""
    for board in boards_by_pci_id(facts(), device):
        return board.cc, f"PCI id {device}, fact {board.fact}", board.name
    raise UnreadError(not_listed(f"a card of PCI id {device}"))


def device_id(machine: Machine, gpu: Gpu) -> str:
    """Return the PCI device id of this GPU, by the bus or else by NVML; "" when there is none."""
    return device_ids(machine).get(there(gpu.pci_address) or "") or there(recorded(gpu.pci_device, "")) or ""


@once
def device_ids(machine: Machine) -> dict[str, str]:
    """Return the PCI device id of each card on the bus by its address."""
    return {card.address: card.device_id for card in there(machine.pci) or ()}


def is_datacentre(machine: Machine, gpu: Gpu) -> bool:
    """Say whether this GPU is made for servers: by its PCI id in the tables, or because its name says that it is not.

    Raises `UnreadError` for a card of which neither tells.
    """
    device = device_id(machine, gpu)
    rows = gpus_by_pci_id(facts(), device)
    if rows:
        return any(row.market == "datacentre" for row in rows)
    if any(word in known(gpu.name).lower() for word in FOR_PEOPLE):
        unlisted((), f"a card of PCI id {device}", "its name is that of a card which is made for no server")
        return False
    raise UnreadError(not_listed(f"a card of PCI id {device or 'unknown'}"))


def shares_memory(machine: Machine, gpu: Gpu) -> bool:
    """Say whether this GPU has no memory but the system's, since both are one chip, by its PCI id in the tables."""
    rows = gpus_by_pci_id(facts(), device_id(machine, gpu))
    return any(row.market in ONE_CHIP for row in rows)


def driver_version(machine: Machine) -> str | None:
    """Return the driver's version by NVML, else by kernel module, else by library; None when there is no driver.

    Raises `UnreadError` when none of them tells, and one of them could not be asked.
    """
    for name in ("nvml", "kernel_module"):
        if said := optional(getattr(machine.driver, name), BY_OTHERS):
            return str(said)
    library = there(machine.driver.user_library)
    return library or there(machine.driver.nvml) or there(machine.driver.kernel_module)


def driver_branch(machine: Machine) -> str | None:
    """Return the driver's branch, ``580``; None when there is no driver."""
    version = driver_version(machine)
    return None if version is None else driver(version).branch


def branch_rows(branch: str) -> Iterator[Branch]:
    """Yield the table's row for a branch, if it has one."""
    return (row for row in facts().branch if row.branch == branch)


def cite(row: Fact, says: str) -> str:
    """Return an evidence line that names the fact it rests on."""
    return f"fact {row.id} (read {row.read_on}): {says}"
