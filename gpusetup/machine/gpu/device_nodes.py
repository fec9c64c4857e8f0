"""The device nodes a program must open to use a GPU."""

from __future__ import annotations

import os
import re
import stat

from gpusetup.machine.host import Host
from gpusetup.machine.model import DeviceNode, Pairs, Reading, Unread

CAPABILITIES = "/proc/driver/nvidia/capabilities"
PATTERNS = ("/dev/nvidia*", "/dev/nvidia-caps/*", "/dev/nvidia-caps-imex-channels/*", "/dev/dxg")


def read_device_nodes(host: Host) -> Reading[tuple[DeviceNode, ...]]:
    """Return the nodes that are there; `usable` is what the file's mode says, since opening one wakes the GPU."""
    listed = host.listdir("/dev")
    if isinstance(listed, Unread):
        return listed
    paths = [path for pattern in PATTERNS for path in host.glob(pattern) if not host.is_dir(path)]
    return tuple(_node(host, path) for path in paths)


def read_majors(host: Host) -> Reading[tuple[tuple[str, int], ...]]:
    """Return NVIDIA's character devices and their major numbers (lines ``195 nvidia`` of /proc/devices)."""
    text = host.read_text("/proc/devices")
    if isinstance(text, Unread):
        return text
    lines = (line.split() for line in text.partition("Block devices:")[0].splitlines())
    entries = (line for line in lines if len(line) == 2 and line[0].isdecimal() and line[1].startswith("nvidia"))
    # a major number has 12 bits (linux/kdev_t.h, MINORBITS), so nine digits lose nothing of a true one
    return tuple((name, int(number[:9])) for number, name in entries)


def read_slices(host: Host) -> Reading[Pairs]:
    """Return (minor number, ``GPU/compute``) of MIG's instances; absent where the driver keeps no such files."""
    if refused := host.forbidden(CAPABILITIES):
        return refused
    if not host.is_dir(CAPABILITIES):
        return Unread(unread="absent", source=CAPABILITIES, detail="no driver is loaded, or none that knows MIG")
    found = (
        re.search(r"/gpu(\d+)/mig/gi(\d+)/ci(\d+)$", path) for path in host.glob(f"{CAPABILITIES}/gpu*/mig/gi*/ci*")
    )
    return tuple((one[1], f"{one[2]}/{one[3]}") for one in found if one)


def _node(host: Host, path: str) -> DeviceNode:
    usable = host.may(path, os.R_OK | os.W_OK)
    found = host.stat(path)
    if found is None:
        return DeviceNode(path=path, usable=usable)
    return DeviceNode(
        path=path,
        usable=usable,
        mode=stat.filemode(found.st_mode),
        owner=found.st_uid,
        group=found.st_gid,
        major=os.major(found.st_rdev),
        minor=os.minor(found.st_rdev),
    )
