"""How commands read the machine; whatever has no options to parse reads it without loading the parser."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gpusetup.cli._streams import notify

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpusetup.machine.model import Machine

HERE = "/"
"""The ``--sysroot`` of this machine itself."""


def read_machine(
    machine_file: str | None, sysroot: str, deadline: float, meanwhile: Callable[[], object] | None = None
) -> Machine:
    """Return the saved machine, or read the host under `sysroot`, giving NVML `deadline` seconds.

    `meanwhile` runs while the host is being read.
    """
    if machine_file is not None:
        from pathlib import Path

        from gpusetup.machine.model import Machine
        from gpusetup.value import load

        return load(Path(machine_file), Machine)
    from gpusetup.machine.read import read

    return read(sysroot, deadline, meanwhile)


def deepened(machine: Machine, deep: float | None, pythons: tuple[str, ...]) -> Machine:
    """Return `machine` with the slow readings, if ``--deep`` was given.

    These are what its frameworks report when they are imported, and the kernel log of the previous boot.
    """
    if deep is None:
        return machine
    from gpusetup.machine.deep import deepen  # --help needs none of this
    from gpusetup.selftest.frameworks import parse

    if sys.stderr.isatty():
        notify(f"importing the installed frameworks (at most {deep:g} s each)")
    return deepen(machine, parse(pythons), deep)
