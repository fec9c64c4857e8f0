"""Read everything from one host, once."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from gpusetup.errors import WrongInputError
from gpusetup.machine.host import Host
from gpusetup.machine.model import Machine
from gpusetup.machine.nvml.client import NvmlClient

if TYPE_CHECKING:
    from pathlib import Path


def read(
    sysroot: Path | str, deadline: float, meanwhile: Callable[[], object] | None = None, *, library: Path | str = ""
) -> Machine:
    """Return the host under `sysroot`; the driver is read in parallel, with a timeout of `deadline` seconds.

    `meanwhile` is the caller's work that needs no machine, such as imports; it runs while the driver is being read.
    `library` is only for tests: the NVML library to use, even for a folder. Raises `WrongInputError` when `sysroot` is
    not a folder, or exceeds its limits. Any other failure becomes an `Unread`.
    """
    if not os.path.isdir(sysroot):
        raise WrongInputError(f"{sysroot} is not a folder", "give the folder that holds the host's files")
    host = Host(sysroot)
    question = NvmlClient(host, deadline, str(library))
    try:
        if meanwhile is not None:
            meanwhile()
        if host.live:
            from gpusetup.machine.without_driver import read_beside  # imported while the driver is being read

            return read_beside(host, question.answer)
        from gpusetup.machine.sandbox import read_confined  # the live host does not need it

        return read_confined(host, question.answer)
    finally:
        question.abandon()
