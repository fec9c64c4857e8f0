"""What the dynamic linker would take for a library."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpusetup.machine.model import Library, Machine

_ORIGINS = ("LD_LIBRARY_PATH", "ld.so.cache", "default")


def linker_finds(machine: Machine, soname: str) -> list[Library]:
    """Return what the linker itself would take for `soname`, in its order.

    That is no wheel, no toolkit, and none of the copies for another class or processor, which it passes over (a 32-bit
    one beside the 64-bit one is usual).
    """
    return [one for one in listed_for(machine, soname) if not _is_foreign(machine, one)]


def listed_for(machine: Machine, soname: str) -> list[Library]:
    """Return the copies in the linker's folders, those included that it passes over."""
    return [one for one in machine.libraries if one.soname == soname and one.origin in _ORIGINS]


def _is_foreign(machine: Machine, one: Library) -> bool:
    # what could not be read (0 bits, no name) is not foreign: it may well be the right one
    return one.bits == 32 or bool(one.machine and machine.system.arch and one.machine != machine.system.arch)


def is_compat(one: Library) -> bool:
    """Say whether a libcuda is that of a forward-compatibility package, by the folder it is installed in."""
    return "/compat/" in one.path
