"""A machine's name for people: its system, kernel and cards, and its frameworks where they were imported."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gpusetup.doctor.finding import GpuIdentity
from gpusetup.doctor.rule import NO_SUCH_THING, either
from gpusetup.doctor.software.imports import refused
from gpusetup.machine.model import Unread

if TYPE_CHECKING:
    from gpusetup.machine.model import Framework, Machine


def machine_name(machine: Machine) -> str:
    """Return ``Fedora Linux 44, kernel 6.19.2, 2 × NVIDIA GeForce RTX 4090``."""
    blind = isinstance(machine.pci, Unread) and machine.pci.unread not in NO_SUCH_THING
    nothing = "GPUs unknown" if blind else "no NVIDIA GPU"
    return ", ".join([system_name(machine), *(card_names(machine) or [nothing])])


def system_name(machine: Machine) -> str:
    """Return ``Fedora Linux 44 in podman, kernel 6.19.2``."""
    system = either(machine.system.pretty_name) or either(machine.system.distro) or "unknown system"
    where = f" in {machine.system.container}" if machine.system.container else ""
    return f"{system}{where}, kernel {either(machine.system.kernel.release) or 'unknown'}"


def card_names(machine: Machine) -> list[str]:
    """Return ``2 × NVIDIA GeForce RTX 4090`` for each kind of card, by the names that a plan has for them."""
    cards = Counter(either(gpu.name) or "unnamed GPU" for gpu in either(machine.gpus) or ())
    if not cards:
        cards = Counter(bus_name(card.device_id) for card in either(machine.pci) or ())
    return [name if count == 1 else f"{count} × {name}" for name, count in cards.items()]


def bus_name(device_id: str) -> str:
    """Return the name of a card by its PCI id: that of the tables, where they have it."""
    from gpusetup.facts import facts  # NVML names most cards
    from gpusetup.facts.boards import boards_by_pci_id

    names = dict.fromkeys(board.name for board in boards_by_pci_id(facts(), device_id))
    return " or ".join(names) or f"NVIDIA device {device_id}"


def identities(machine: Machine) -> tuple[GpuIdentity, ...]:
    """Return which GPUs there are: NVML's, and the cards on the bus that it does not show."""
    shown = [
        GpuIdentity(
            subject=f"GPU {gpu.index}",
            name=either(gpu.name) or "",
            uuid=either(gpu.uuid) or "",
            pci=either(gpu.pci_address) or "",
        )
        for gpu in either(machine.gpus) or ()
    ]
    known = {one.pci for one in shown}
    rest = (card for card in either(machine.pci) or () if card.address not in known)
    return (
        *shown,
        *(GpuIdentity(subject=f"PCI {card.address}", name=bus_name(card.device_id), pci=card.address) for card in rest),
    )


def framework_names(machine: Machine) -> tuple[str, ...]:
    """Return ``torch 2.14.1 for CUDA 13.0: cudart 13.0, cudnn 9.24.0; computes correctly on cpu, cuda:0`` for each."""
    return tuple(map(_framework, machine.frameworks or ()))


def _framework(one: Framework) -> str:
    version, cuda = either(one.version), either(one.cuda)
    whose = f", as {one.user}" if one.user else ""
    if version is None:
        return f"{one.name}: {'was not' if refused(one) else 'cannot be'} imported by {one.python}{whose}"
    built = "the CPU alone" if cuda == "cpu" else f"CUDA {cuda or 'unknown'}"
    loaded = ", ".join(f"{name} {said}" for name, said in either(one.loaded) or ())
    wrong = {trial.device for trial in one.trials if trial.answer != trial.expected}
    right = ", ".join(dict.fromkeys(trial.device for trial in one.trials if trial.device not in wrong))
    return (
        f"{one.name} {version} for {built}"
        + (f", loaded {loaded}" if loaded else "")
        + f"; computes correctly on {right or 'no device'}{whose}"
    )
