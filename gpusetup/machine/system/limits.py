"""What this process may use: of pinned memory, files, shared memory, and by its control group."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator

from gpusetup.machine.dotted import whole
from gpusetup.machine.host import Host, unread
from gpusetup.machine.model import Limits, Reading, Unread

UNLIMITED = -1
OWN = "/proc/self/cgroup"
CGROUPS = "/sys/fs/cgroup"
MANY = 1 << 60  # version 1 writes a huge number for "no limit"


def read_limits(host: Host) -> Limits:
    """Return the limits of this process; those of a folder are unknown."""
    if not host.live:
        nobody = Unread(unread="unsupported", source="getrlimit", detail="a folder has no process")
        return Limits(locked_memory=nobody, open_files=nobody, shared_memory=nobody, memory=nobody, cpus=nobody)
    return Limits(
        locked_memory=_soft(resource.RLIMIT_MEMLOCK),
        open_files=_soft(resource.RLIMIT_NOFILE),
        shared_memory=_size("/dev/shm"),  # noqa: S108 - its size is asked, nothing is written there
        memory=read_memory_limit(host),
        cpus=read_cpu_limit(host),
    )


def _soft(which: int) -> int:
    soft = resource.getrlimit(which)[0]
    return UNLIMITED if soft == resource.RLIM_INFINITY else soft


def _size(path: str) -> Reading[int]:
    try:
        told = os.statvfs(path)
    except OSError as error:
        return unread(path, error)
    return told.f_blocks * told.f_frsize


def read_memory_limit(host: Host) -> Reading[int]:
    """Return the lowest limit from our group up to the root, since each of them holds."""
    if isinstance(told := host.read_text(OWN), Unread):
        return told
    limits = [
        host.read_int(path)
        for folder in _groups(told, "memory")
        for path in (f"{folder}/memory.max", f"{folder}/memory.limit_in_bytes")
    ]
    # memory.max says "max" for no limit, which is no number
    known = [limit for limit in limits if isinstance(limit, int) and limit < MANY]
    return min(known, default=UNLIMITED)


def read_cpu_limit(host: Host) -> Reading[float]:
    """Return how many processors' worth of time our group may use, the lowest up to the root."""
    if isinstance(told := host.read_text(OWN), Unread):
        return told
    shares = [share for folder in _groups(told, "cpu") if (share := _share(host, folder)) > 0]
    return min(shares, default=float(UNLIMITED))


def _share(host: Host, folder: str) -> float:
    """Return quota ÷ period: ``cpu.max`` of version 2 (``max 100000`` is none), two files in version 1."""
    line = host.read_line(f"{folder}/cpu.max")
    if isinstance(line, Unread):
        quota, period = host.read_int(f"{folder}/cpu.cfs_quota_us"), host.read_int(f"{folder}/cpu.cfs_period_us")
        if isinstance(quota, Unread) or isinstance(period, Unread) or period <= 0:
            return 0
        return max(0, quota) / period
    numbers = [number for part in line.split() if (number := whole(part)) is not None]
    return numbers[0] / numbers[1] if len(numbers) == 2 and numbers[1] else 0


def _groups(told: str, controller: str) -> Iterator[str]:
    """Yield our group's folder and those above it: ``0::/path`` is version 2, ``4:memory:/path`` version 1."""
    for line in told.splitlines():
        _, names, path = ([*line.split(":", 2), "", ""])[:3]
        top = CGROUPS if not names else f"{CGROUPS}/{controller}"
        if not names or controller in names.split(","):
            # inside a cgroup namespace the path of a group above ours begins with /..
            parts = [part for part in path.split("/") if part and part != ".."]
            yield from ("/".join([top, *parts[:depth]]) for depth in range(len(parts), -1, -1))
