"""Remedies: the words and commands of ``remedies/``, chosen by the kind of system and filled with values."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec

from gpusetup.doctor.finding import Remedy
from gpusetup.doctor.remedies.cache import decode, read_rows
from gpusetup.doctor.remedies.model import HOST, RemedyRow
from gpusetup.doctor.remedies.situations import situations
from gpusetup.doctor.remedies.system_kind import image_keys, system_keys

if TYPE_CHECKING:
    from gpusetup.doctor.rule import Fix
    from gpusetup.machine.model import Machine

ON_HOST = "On the host of this container: "
IN_IMAGE = "This system is replaced as a whole, so change its image: "
OF_PACKAGES = (
    "dnf", "apt", "zypper", "pacman", "akmods", "dkms", "grubby", "dracut", "kmodgenca", "update-initramfs",
    "mkinitcpio", "update-grub", "grub2-mkconfig", "ubuntu-drivers", "dpkg",
)  # fmt: skip
"""Programs that change a system made of packages; one that is replaced as a whole refuses or forgets it."""


def names() -> frozenset[str]:
    """Return the names of all remedies."""
    return frozenset(_rows())


@cache
def _rows() -> dict[str, msgspec.Raw]:
    return read_rows()


@cache
def row(name: str) -> RemedyRow:
    """Return the remedy called `name`; raises KeyError for none."""
    return decode(_rows()[name])


def table() -> dict[str, RemedyRow]:
    """Return all remedies by name."""
    return {name: row(name) for name in _rows()}


def remedy(fix: Fix, machine: Machine) -> Remedy:
    """Return `fix` in words, with the commands for this machine."""
    name = _here(fix.name, machine)
    found, outside = row(name), on_host(name, machine)
    key = "any" if outside else chosen(found, machine)
    quoted = _quoted(fix.values) if fix.values else {}
    return Remedy(
        text=_before(found, key, machine, outside=outside) + _text(found, machine).format_map(fix.values),
        commands=tuple(command.format_map(quoted) for command in found.commands.get(key, ())),
        fix=name,
        values=fix.values,
    )


def _quoted(values: dict[str, str]) -> dict[str, str]:
    import shlex  # most remedies have no values

    return {name: shlex.quote(value) for name, value in values.items()}


def _here(name: str, machine: Machine) -> str:
    """Return which remedy stands for `name` on this machine."""
    found = row(name)
    if machine.system.container and found.container not in {"", HOST}:
        return found.container
    held = situations(machine) if found.instead else ()
    return next((found.instead[each] for each in held if each in found.instead), name)


def on_host(name: str, machine: Machine) -> bool:
    """Say whether `machine` is the inside of a container, and the remedy called `name` is done on its host."""
    return bool(machine.system.container) and row(name).container == HOST


def chosen(found: RemedyRow, machine: Machine) -> str:
    """Return under which name the commands for `machine` stand, "" for none.

    On an image no commands are taken that change a system made of packages.
    """
    image = bool(image_keys(machine))
    return next((key for key in system_keys(machine) if key in found.commands and _may(found, key, image)), "")


def _may(found: RemedyRow, key: str, image: bool) -> bool:
    return not image or not changes_packages(found.commands[key])


def changes_packages(commands: tuple[str, ...]) -> bool:
    """Say whether one of `commands` changes a system that is made of packages."""
    return any(program(command) in OF_PACKAGES for command in commands)


def program(command: str) -> str:
    """Return the program that a command line runs."""
    words = command.removeprefix("sudo ").removeprefix("env ").split(" ")
    return next((word for word in words if "=" not in word), "")


def _text(found: RemedyRow, machine: Machine) -> str:
    return next((found.texts[key] for key in system_keys(machine) if key in found.texts), found.text)


def _before(found: RemedyRow, key: str, machine: Machine, *, outside: bool) -> str:
    if outside:
        return ON_HOST
    refused = key not in image_keys(machine) and any(map(changes_packages, found.commands.values()))
    said = any(name in found.texts for name in image_keys(machine))
    return IN_IMAGE if image_keys(machine) and refused and not said else ""
