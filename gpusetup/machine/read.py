"""Read everything from one host, once."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from gpusetup.errors import WrongInputError
from gpusetup.machine.host import Host
from gpusetup.machine.model import Machine
from gpusetup.machine.reader import Reader, read_whole

if TYPE_CHECKING:
    from pathlib import Path


def read(
    sysroot: Path | str, deadline: float, meanwhile: Callable[[], object] | None = None, *, library: Path | str = ""
) -> Machine:
    """Return the host under `sysroot`; the driver is read in parallel, with a timeout of `deadline` seconds.

    `meanwhile` is the caller's work that needs no machine, such as imports: it is done while a child process reads.
    Without it the live host is read by this process, which may have threads. A folder, which may be hostile, is always
    read by a child. `library` is only for tests: the NVML library to use, even for a folder.

    Raises `WrongInputError` when `sysroot` is not a folder or exceeds its limits, and `CannotLookError` when the child
    cannot read the live host to its end. Any other failure becomes an `Unread`.
    """
    if not os.path.isdir(sysroot):
        raise WrongInputError(f"{sysroot} is not a folder", "give the folder that holds the host's files")
    host = Host(sysroot)
    if host.live and meanwhile is None:
        return read_whole(host, deadline, str(library))
    reader = Reader(host, deadline, str(library))
    try:
        if meanwhile is not None:
            meanwhile()
        return reader.machine()
    finally:
        reader.abandon()
