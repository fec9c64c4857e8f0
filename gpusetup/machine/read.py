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
    """Return the host under `sysroot`; the driver may take `deadline` seconds, and is asked while the rest is read.

    `meanwhile` is work of the caller's own that needs no machine, such as its imports, done while the driver works.
    `library` is for tests alone: the NVML library that is asked, even for a folder; no command gives one. Raises
    `WrongInputError` when `sysroot` is not a folder, or is one that takes more than it may. Whatever else cannot be
    read says so in its place.
    """
    if not os.path.isdir(sysroot):
        raise WrongInputError(f"{sysroot} is not a folder", "give the folder that holds the host's files")
    host = Host(sysroot)
    question = NvmlClient(host, deadline, str(library))
    try:
        if meanwhile is not None:
            meanwhile()
        if host.live:
            from gpusetup.machine.without_driver import read_beside  # while the driver works

            return read_beside(host, question.answer)
        from gpusetup.machine.sandbox import read_confined  # the live host needs none of it

        return read_confined(host, question.answer)
    finally:
        question.abandon()
