"""KRN0…: what the next start needs beside the module."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import has_card
from gpusetup.doctor.rule import RuleResults, fix, info, known, recorded, rule, there, warning
from gpusetup.machine.dotted import version_key
from gpusetup.machine.model import Machine


@rule(
    "KRN009",
    "no-room-in-boot",
    "The next kernel has no initramfs, or /boot has no room for one",
    worst="warning",
    after=("GPU001", "HST001", "KRN102", "KRN103"),
    required=False,
    source="update-initramfs(8); dracut(8); apt(8), autoremove",
    remedies=("make-initramfs", "old-kernels", "room-in-boot"),
)
def no_initramfs(machine: Machine) -> RuleResults:
    """A newer kernel is installed without its initramfs, so that it may not start at all: mostly /boot was full when
    the kernel came, and its installation stopped before the driver's module was built or after. Until there is room
    again and the installation is finished, whatever else the kernel lacks cannot be mended either.

    Old kernels fill a /boot of its own. Where less is left than one kernel takes, the next update stops there.
    """
    kernel = machine.system.kernel
    boot = kernel.boot
    without, takes = there(recorded(boot.without_initramfs, ())), there(recorded(boot.one_kernel, 0))
    if without is None or takes is None or not has_card(machine) or machine.system.container:
        return
    running, coming = known(kernel.release), there(recorded(kernel.next_release, ""))
    free = there(recorded(boot.free, takes))
    room = [f"/boot: {free >> 20} MiB free, one kernel takes {takes >> 20} MiB"] if free is not None else []
    full = free is not None and free < takes
    # of an older kernel nobody asked for: one that was built without an initramfs for instance
    newer = (one for one in without if version_key(one) > version_key(running))
    lacking = tuple(dict.fromkeys((*newer, *(one for one in without if one == coming != running))))
    for release in lacking:
        yield warning(
            f"kernel {release} has no initramfs and may not start{': /boot is full' if full else ''}",
            f"running kernel: {running}",
            *room,
            # of a saved host nobody knows the room: look first
            fix=fix("make-initramfs" if free is not None and not full else "room-in-boot", kernel=release),
        )
    if full and not lacking:
        yield info("/boot has no room for another kernel", *room, fix=fix("old-kernels"))
