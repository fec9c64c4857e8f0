"""InfiniBand and RoCE adapters, over which GPUs of several machines talk."""

from __future__ import annotations

from gpusetup.machine.host import Host
from gpusetup.machine.model import Pairs, Reading, Unread

ADAPTERS = "/sys/class/infiniband"


def read_infiniband(host: Host) -> Reading[Pairs]:
    """Return each port and its state: ``4: ACTIVE`` is said as ``ACTIVE``."""
    if not host.exists(ADAPTERS):
        return Unread(unread="absent", source=ADAPTERS, detail="no such adapter")
    ports = []
    for path in host.glob(f"{ADAPTERS}/*/ports/*"):
        state = host.read_line(f"{path}/state")
        if isinstance(state, Unread):
            return state
        ports.append(("/".join(path.split("/")[-3::2]), state.rpartition(": ")[2]))
    return tuple(ports)
