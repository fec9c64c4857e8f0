"""KRN0…: what the next start needs beside the module."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import has_card
from gpusetup.doctor.rule import RuleResults, fix, info, known, recorded, rule, there, warning
from gpusetup.machine.dotted import version_key
from gpusetup.machine.model import Machine


@rule(
    "KRN009",
    "next-kernel-without-initramfs",
    "The next kernel has no initramfs",
    worst="warning",
    after=("GPU001", "KRN102", "KRN103"),
    required=False,
    source="update-initramfs(8); dracut(8)",
    remedies=("make-initramfs", "room-in-boot"),
)
def no_initramfs(machine: Machine) -> RuleResults:
    """A newer kernel is installed without its initramfs, so that it may not start at all: mostly /boot was full when
    the kernel came, and its installation stopped before the driver's module was built or after. Until there is room
    again and the installation is finished, whatever else the kernel lacks cannot be mended either.
    """
    kernel = machine.system.kernel
    without = there(recorded(kernel.boot.without_initramfs, ()))
    if not without or not has_card(machine) or machine.system.container:
        return
    running, coming = known(kernel.release), there(recorded(kernel.next_release, ""))
    room, full = _room(machine)
    # of an older kernel nobody asked for: one that was built without an initramfs for instance
    newer = (one for one in without if version_key(one) > version_key(running))
    for release in dict.fromkeys((*newer, *(one for one in without if one == coming != running))):
        yield warning(
            f"kernel {release} has no initramfs and may not start{': /boot is full' if full else ''}",
            f"running kernel: {running}",
            *room,
            # of a saved host nobody knows the room: look first
            fix=fix("make-initramfs" if room and not full else "room-in-boot", kernel=release),
        )


@rule(
    "KRN010",
    "no-room-in-boot",
    "/boot has no room for another kernel",
    worst="info",
    after=("GPU001", "KRN009"),
    required=False,
    source="statvfs(3); apt(8), autoremove; dnf(8), installonly_limit",
    remedies=("old-kernels",),
)
def little_room(machine: Machine) -> RuleResults:
    """Old kernels fill a /boot of its own. Where less is left than one kernel and its initramfs take, the next update
    stops there, and leaves a kernel that cannot start.
    """
    room, full = _room(machine)
    if full and has_card(machine) and not machine.system.container:
        yield info("/boot has no room for another kernel", *room, fix=fix("old-kernels"))


def _room(machine: Machine) -> tuple[tuple[str, ...], bool]:
    """Return the room in /boot in words, none where nobody knows it, and whether it is less than a kernel takes."""
    boot = machine.system.kernel.boot
    takes = there(recorded(boot.one_kernel, 0)) or 0
    free = there(recorded(boot.free, takes))
    if free is None or not takes:
        return (), False
    return (f"/boot: {free >> 20} MiB free, one kernel takes {takes >> 20} MiB",), free < takes
