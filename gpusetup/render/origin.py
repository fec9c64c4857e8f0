"""The origin of a recipe: the properties of the host that the plan depends on, and whether they have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from gpusetup.machine.model import Unread
from gpusetup.render.model import Origin

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine, Reading

T = TypeVar("T")


def origin(machine: Machine) -> Origin:
    """Return the properties of `machine` that a plan depends on."""
    module = machine.driver.kernel_module
    none_loaded = isinstance(module, Unread) and module.unread == "absent"
    cards = _known(machine.pci)
    return Origin(
        arch=machine.system.arch,
        cards=None if cards is None else tuple(sorted(f"10de:{card.device_id}" for card in cards)),
        kernel=_known(machine.system.kernel.release),
        driver="" if none_loaded else _known(module),
        secure_boot=_known(machine.system.secure_boot),
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


def _known(reading: Reading[T]) -> T | None:
    return None if isinstance(reading, Unread) else reading
