"""Whether the environments of a stack can run on a machine as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.resolve.asked.cards import found
from gpusetup.resolve.host.reading import value_of
from gpusetup.versions import driver

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.machine.model import Machine
    from gpusetup.resolve.model import Stack


def driver_of(machine: Machine) -> str:
    """Return the driver that answers, else the one whose module is loaded, "" for none."""
    return value_of(machine.driver.nvml) or value_of(machine.driver.kernel_module) or ""


def unfit(stack: Stack, machine: Machine, facts: Facts) -> tuple[str, str]:
    """Return why not, and what to do about it; two empty texts where they can."""
    wanted = {card.compute_capability for card in stack.request.cards}
    there = {card.compute_capability for card in found(facts, machine)} if wanted else set()
    if wanted - there:
        names = ", ".join(card.name for card in stack.request.cards)
        return f"the stack is for {names}, and this machine has other cards", "plan for this machine: leave out --from"
    floor = max((one.driver_floor for one in stack.environments if one.driver_floor), key=driver, default="")
    now = driver_of(machine)
    if floor and (not now or driver(now) < driver(floor)):
        what = f"there is {now}" if now else "none answers"
        return f"the environments need driver {floor} or newer, and {what}", "gpusetup install apply, then this again"
    return "", ""
