"""Circumstances in which another remedy takes the place of the one that a rule names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.rule import either

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine

ASLEEP = ("change power state from d3cold", "power state from d3cold", "unable to change power state")
"""What the kernel says of a card that does not wake (Linux: drivers/pci/pci.c, pci_power_up). On a notebook its
firmware turns the card off and on; on a desktop the same words mean that the card is gone, mostly for lack of power.
"""


WHEN = {
    "sleepless": "Where the driver's sleep services are not enabled: ",
    "asleep": "On a notebook whose card does not wake: ",
    "notebook": "On a notebook: ",
    "logged": "Where the kernel's log was read: ",
}
"""The circumstances in words, for the pages of the rules."""


def situations(machine: Machine) -> tuple[str, ...]:
    """Return the names of those that hold, the most special first."""
    log = either(machine.system.kernel.log)
    notebook = bool(either(machine.system.notebook))
    asleep = notebook and any(text in line.lower() for line in log or () for text in ASLEEP)
    sleepless = any(one.name == "nvidia-suspend" and not one.enabled for one in machine.system.services)
    held = {"sleepless": sleepless, "asleep": asleep, "notebook": notebook, "logged": log is not None}
    return tuple(name for name, holds in held.items() if holds)
