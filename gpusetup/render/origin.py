"""The origin of a recipe: the properties of the host that the plan depends on, and whether they have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.machine.model import Unread
from gpusetup.render.model import Origin
from gpusetup.resolve.host.reading import value_of

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine


def origin(machine: Machine) -> Origin:
    """Return the properties of `machine` that a plan depends on."""
    module = machine.driver.kernel_module
    none_loaded = isinstance(module, Unread) and module.unread == "absent"
    cards = value_of(machine.pci)
    return Origin(
        arch=machine.system.arch,
        cards=None if cards is None else tuple(sorted(f"10de:{card.device_id}" for card in cards)),
        kernel=value_of(machine.system.kernel.release),
        driver="" if none_loaded else value_of(module),
        secure_boot=value_of(machine.system.secure_boot),
    )


def changes(planned: Origin, now: Origin, *, begun: bool) -> tuple[str, ...]:
    """Return, in words, the properties that have changed since the plan was made.

    Once the recipe has `begun`, another kernel and another driver are what it is there for, and Secure Boot may have
    been turned off meanwhile, which asks less of it.
    """
    found = []
    for name, label in (("arch", "the processor's architecture"), ("cards", "the graphics cards"),
                        ("kernel", "the running kernel"), ("driver", "the loaded driver"),
                        ("secure_boot", "Secure Boot")):  # fmt: skip
        before, after = getattr(planned, name), getattr(now, name)
        expected = begun and (name in ("kernel", "driver") or (name == "secure_boot" and after is False))
        if before is not None and before != after and not expected:
            found.append(f"{label}: {_words(before)} then, {_words(after)} now")
    return tuple(found)


def _words(value: str | bool | tuple[str, ...] | None) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None:
        return "not readable"
    return (value if isinstance(value, str) else " ".join(value)) or "none"
