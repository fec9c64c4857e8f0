"""Who owns each library that the linker could pick."""

from __future__ import annotations

import msgspec

from gpusetup.machine.host import Host
from gpusetup.machine.model import Library, Package, Reading
from gpusetup.machine.packages.installed import find_owners
from gpusetup.machine.software.wheels import Owned

_FOLDERS = ("/nvidia/", "/torch/")
"""What of a wheel is loaded lies below one of these in its location."""


def own(
    host: Host,
    libraries: tuple[Library, ...],
    packages: Reading[tuple[Package, ...]],
    wheels: Owned,
) -> tuple[Library, ...]:
    """Return `libraries` with the package or the distribution that each belongs to, as far as one says so."""
    system = {one.path: host.resolve(one.path) for one in libraries if one.origin != "wheel"}
    owners = find_owners(host, packages, dict.fromkeys((*system.values(), *system)))
    return tuple(msgspec.structs.replace(one, owner=_owner(one, system, owners, wheels)) for one in libraries)


def _owner(one: Library, system: dict[str, str], owners: dict[str, str], wheels: Owned) -> str:
    if one.origin != "wheel":
        return owners.get(system[one.path], "") or owners.get(one.path, "")
    at = max(map(one.path.rfind, _FOLDERS))
    return " and ".join(wheels.get((one.path[:at], one.path[at + 1 :]), ())) if at >= 0 else ""
