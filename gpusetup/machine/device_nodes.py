"""The device nodes a program must open to use a GPU."""

from __future__ import annotations

import os

from gpusetup.machine.host import Host
from gpusetup.machine.model import DeviceNode, Reading, Unread

PATTERNS = ("/dev/nvidia*", "/dev/nvidia-caps/*", "/dev/dxg")


def read_device_nodes(host: Host) -> Reading[tuple[DeviceNode, ...]]:
    """Return the nodes that are there; `usable` is what the file's mode says, since opening one wakes the GPU."""
    listed = host.listdir("/dev")
    if isinstance(listed, Unread):
        return listed
    paths = [path for pattern in PATTERNS for path in host.glob(pattern) if not host.is_dir(path)]
    return tuple(DeviceNode(path=path, usable=host.may(path, os.R_OK | os.W_OK)) for path in paths)
