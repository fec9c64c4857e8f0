"""What takes seconds to read: each framework imported, and the kernel log of the start before this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.machine.frameworks.read import read_frameworks
from gpusetup.machine.host import Host
from gpusetup.machine.kernel.log import read_earlier_log

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine

LIVE = "/"
"""Only programs of this host can be run here, never those of a folder or a saved machine."""


def deepen(machine: Machine, pythons: dict[str, str], seconds: float) -> Machine:
    """Return `machine`, which must be this host, with what its frameworks say of themselves.

    `pythons` names interpreters (framework → path) other than those the frameworks were found in; each import may
    take `seconds`.
    """
    found = read_frameworks(machine.distributions, pythons, seconds)
    kernel = msgspec.structs.replace(machine.system.kernel, earlier_log=read_earlier_log(Host(LIVE), deep=True))
    system = msgspec.structs.replace(machine.system, kernel=kernel)
    return msgspec.structs.replace(machine, frameworks=found, system=system)
