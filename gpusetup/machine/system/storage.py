"""The room that is left where frameworks keep what grows."""

from __future__ import annotations

import os

from gpusetup.machine.host import Host, clean, unread
from gpusetup.machine.model import Disk, Reading, Unread


def read_disks(host: Host) -> Reading[tuple[Disk, ...]]:
    """Return the file systems of the root, of temporary files and of this user's caches; a folder has none.

    One that nobody can write to, as the root of an image-based system, is always full and left out.
    """
    if not host.live:
        return Unread(unread="unsupported", source="statvfs", detail="a folder has no file systems of its own")
    places = {"root": "/", "temporary files": os.environ.get("TMPDIR", "/tmp"), "caches": _caches()}  # noqa: S108
    try:
        told = {use: (clean(path), os.statvfs(path)) for use, path in places.items() if os.path.isdir(path)}
    except OSError as error:
        return unread("statvfs", error)
    return tuple(
        Disk(use=use, path=path, free=one.f_bavail * one.f_frsize, total=one.f_blocks * one.f_frsize)
        for use, (path, one) in told.items()
        if not one.f_flag & os.ST_RDONLY
    )


def _caches() -> str:
    """Return where kernels, compiled code and models are kept; its home where it does not exist yet."""
    home = os.environ.get("HOME", "/")
    cache = os.environ.get("XDG_CACHE_HOME", os.path.join(home, ".cache"))
    return cache if os.path.isdir(cache) else home
