"""Kernel modules that a distribution builds itself and ships as packages: nothing is to be compiled here.

Sources: packages.ubuntu.com (linux-modules-nvidia-BRANCH[-server][-open]-KERNEL); en.opensuse.org, SDB:NVIDIA drivers
(…-kmp-…); archlinux.org/packages (nvidia, nvidia-open, nvidia-lts); elrepo.org (kmod-nvidia). Read 2026-11-30.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gpusetup.doctor.rule import recorded, there

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine, Package

OF_ARCH = ("nvidia", "nvidia-open", "nvidia-lts", "nvidia-open-lts")
_FLAVOUR = r"linux-modules-nvidia-\d+(-server)?(-open)?"
BUILDERS = ("dkms", "akmod")


def prebuilt(machine: Machine, kernel: str) -> str:
    """Return the package that holds the ready-built module for `kernel`, "" where modules are built on this machine."""
    packages = there(recorded(machine.packages, ())) or ()
    return next((name for one in packages if (name := _for_kernel(one, kernel, packages))), "")


def _for_kernel(one: Package, kernel: str, packages: tuple[Package, ...]) -> str:
    said = re.match(_FLAVOUR, one.name)
    if said:
        return f"{said[0]}-{kernel}"
    if "-kmp-" in one.name or (one.manager == "pacman" and one.name in OF_ARCH):
        return one.name
    builds_here = any(builder in each.name for each in packages for builder in BUILDERS)
    return "kmod-nvidia" if one.name.startswith("kmod-nvidia") and not builds_here else ""
