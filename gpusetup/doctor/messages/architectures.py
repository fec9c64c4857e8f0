"""Whether a GPU is of an architecture for which NVIDIA's older Xid catalogue is written (Volta and before)."""

from __future__ import annotations

from gpusetup.doctor.rule import either
from gpusetup.facts import facts
from gpusetup.facts.boards import boards_by_pci_id
from gpusetup.machine.model import Machine
from gpusetup.versions import capability

AMPERE = "8.0"
"""The first compute capability that remaps rows instead of retiring pages; Turing (7.5) is not in the new catalogue."""


def is_older(machine: Machine, gpu: str) -> bool:
    """Say whether the GPU at this address (``0000:01:00``) is known to be older than Ampere; for words only."""
    for card in either(machine.pci) or ():
        if card.address.lower().startswith(gpu.lower()):
            found = [board.cc for board in boards_by_pci_id(facts(), card.device_id)]
            return bool(found) and capability(found[0]) < capability(AMPERE)
    return False
