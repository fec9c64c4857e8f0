"""Whether the machine has slept since it was started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.rule import either

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine

WOKEN = ("pm: suspend exit", "pm: hibernation: hibernation exit")
"""What the kernel says when it is awake again (Linux: kernel/power/suspend.c, hibernate.c)."""


def woken(machine: Machine) -> list[str]:
    """Return the lines of the kernel log with which the machine woke; none where the log cannot be read."""
    lines = either(machine.system.kernel.log) or ()
    return [line for line in lines if any(text in line.lower() for text in WOKEN)]
