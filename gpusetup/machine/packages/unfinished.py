"""Packages whose installation was begun and not finished."""

from __future__ import annotations

from gpusetup.machine.host import Host
from gpusetup.machine.model import Reading, Unread
from gpusetup.machine.packages import dpkg, pacman

CONCERNED = (b"nvidia", b"libnvidia", b"libcuda", b"linux-image", b"linux-headers", b"linux-modules", b"dkms")
HALF = ("half-configured", "half-installed", "unpacked")
"""States of dpkg in which a package is half there (dpkg(1), package states). A package that waits for a trigger is not:
none of the driver's rests on one."""
LOCK = "/var/lib/pacman/db.lck"
MOST = 20


def read_unfinished(host: Host) -> Reading[tuple[str, ...]]:
    """Return the packages of the driver and of kernels that are half there; of pacman whether a run was cut off."""
    if host.exists(dpkg.STATUS):
        raw = host.read_bytes(dpkg.STATUS, dpkg.STATUS_LIMIT)
        return raw if isinstance(raw, Unread) else tuple(_of_dpkg(raw))[:MOST] if _is_half(raw) else ()
    if host.exists(pacman.LOCAL):
        running = not host.live and host.exists(LOCK)  # on a live host an update may be going on this moment
        return (f"pacman: {LOCK} was left behind",) if running else ()
    return Unread(unread="unsupported", source=dpkg.STATUS, detail="RPM keeps no such state of a package")


def _is_half(raw: bytes) -> bool:
    """Say whether any package is half there: nearly always none is, and one look at the whole says so."""
    return b"ok half-" in raw or b"ok unpacked" in raw


def _of_dpkg(raw: bytes) -> list[str]:
    found = []
    for entry in dpkg.entries(raw, CONCERNED):
        name, _, text = entry.partition("\n")
        status = next((line for line in text.split("\n") if line.startswith("Status: ")), "")
        if status.rpartition(" ")[2] in HALF:
            found.append(f"{name}: {status.rpartition(' ')[2]}")
    return found
