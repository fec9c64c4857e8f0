"""The driver that answers on a machine: its version, its kind of kernel modules, and whose packages it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gpusetup.resolve.host.reading import value_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gpusetup.facts.model.distribution import DriverOwner
    from gpusetup.machine.model import Machine
    from gpusetup.resolve.model import Flavour, Owner


def driver(machine: Machine, owners: Iterable[DriverOwner]) -> tuple[str, Flavour | Literal[""], Owner]:
    """Return version, flavour and owner; "" for what cannot be told, and no version unless all of the driver agrees.

    A driver that does not answer, or whose library is newer than its loaded module, is half of an update: it is not
    what will be there after the next boot.
    """
    found = machine.driver
    version = value_of(found.nvml)
    others = filter(None, map(value_of, (found.kernel_module, found.user_library)))
    if not version or any(one != version for one in others):
        return "", "", ""
    return version, flavour(machine), _owner(machine, owners)


def flavour(machine: Machine) -> Flavour | Literal[""]:
    """Return which kernel modules are loaded, by their licence: NVIDIA's open ones declare ``Dual MIT/GPL``."""
    licence = value_of(machine.driver.module_license)
    return "open" if licence and "GPL" in licence else "proprietary" if licence else ""


def _owner(machine: Machine, owners: Iterable[DriverOwner]) -> Owner:
    names = [one.name for one in value_of(machine.packages) or ()]
    return next((one.name for one in owners if any(name.startswith(one.known_by) for name in names)), "")
