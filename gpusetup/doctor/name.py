"""A machine's name for people: its system, kernel and cards."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gpusetup.doctor.rule import either

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine


def machine_name(machine: Machine) -> str:
    """Return ``Fedora Linux 44, kernel 6.19.2, 2 × NVIDIA GeForce RTX 4090``."""
    system = either(machine.system.pretty_name) or either(machine.system.distro) or "unknown system"
    kernel = either(machine.system.kernel.release) or "unknown"
    where = f" in {machine.system.container}" if machine.system.container else ""
    cards = Counter(either(gpu.name) or "unnamed GPU" for gpu in either(machine.gpus) or ())
    if not cards:
        cards = Counter(f"NVIDIA device {card.device_id}" for card in either(machine.pci) or ())
    named = [name if count == 1 else f"{count} × {name}" for name, count in cards.items()]
    return ", ".join([system + where, f"kernel {kernel}", *(named or ["no NVIDIA GPU"])])
