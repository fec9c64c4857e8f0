"""The folder that kernels are started from: what lies in it for each, and how much room is left."""

from __future__ import annotations

import os

from gpusetup.machine.budget import within
from gpusetup.machine.host import Host, unread
from gpusetup.machine.model import Boot, Reading, Unread

BOOT = "/boot"
MODULES = "/lib/modules"
INITRAMFS = ("initrd.img-{}", "initramfs-{}.img", "initrd-{}")
"""What initramfs-tools, dracut on Fedora, and dracut on openSUSE call the initramfs of a release."""


def read_boot(host: Host) -> Boot:
    """Return what lies in /boot by release; a kernel of another layout (a UKI, systemd-boot's) is not counted.

    An initramfs without content counts as none: a full file system leaves one.
    """
    told = within(host, BOOT, _kernels)
    if isinstance(told, Unread):
        return Boot(without_initramfs=told, one_kernel=told, free=told)
    without, takes = told
    return Boot(without_initramfs=without, one_kernel=takes, free=_free(host))


def _kernels(host: Host) -> Reading[tuple[tuple[str, ...], int]]:
    if refused := host.forbidden(BOOT, MODULES):
        return refused
    sizes = {name: found.st_size for name in host.names(BOOT) if (found := host.stat(f"{BOOT}/{name}"))}
    kernels = [name for name in host.names(MODULES) if f"vmlinuz-{name}" in sizes]
    if not kernels:
        return Unread(unread="absent", source=BOOT, detail="no kernel by the name of its release")
    initramfs = {name: max(sizes.get(form.format(name), 0) for form in INITRAMFS) for name in kernels}
    # where none has one, they are called otherwise, or are not needed
    without = tuple(name for name, size in initramfs.items() if not size) if any(initramfs.values()) else ()
    return without, max(sizes[f"vmlinuz-{name}"] + size for name, size in initramfs.items())


def _free(host: Host) -> Reading[int]:
    """Return the bytes that root may still write there, in a file system of its own or the root's."""
    if not host.live:
        return Unread(unread="unsupported", source="statvfs", detail="a folder has no file systems of its own")
    try:
        told = os.statvfs(BOOT)
    except OSError as error:
        return unread("statvfs", error)
    return told.f_bfree * told.f_frsize
