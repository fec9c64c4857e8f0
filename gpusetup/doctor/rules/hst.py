"""HST: the host itself: disk, clock, memory, pending restart."""

from __future__ import annotations

from gpusetup.doctor.rule import Verdicts, error, fix, info, known, rule, there, warning
from gpusetup.doctor.subjects import GPU_LOST, GPU_UNANSWERED, NVML_SILENT, has_card
from gpusetup.facts import facts
from gpusetup.machine.model import Machine

GIB = 1 << 30
LITTLE, NOTHING = 2 * GIB, GIB // 8
SLOW_CLOCKS = {"hpet", "acpi_pm", "jiffies", "refined-jiffies"}


@rule(
    "HST001", "disk-full", "A file system is nearly full", worst="error", source="statvfs(3)", remedies=("free-disk",)
)
def full(machine: Machine) -> Verdicts:
    """There is little room where frameworks keep compiled kernels, models and temporary files: programs end with odd
    messages, and installations stop halfway.
    """
    for disk in there(machine.system.disks) or ():
        if disk.total and disk.free < min(LITTLE, disk.total // 10):
            say = error if disk.free < NOTHING else warning
            yield say(
                f"{disk.free >> 20} MiB are left for {disk.use}",
                f"{disk.path}: {disk.free >> 20} MiB free of {disk.total >> 20} MiB",
                fix=fix("free-disk", path=disk.path),
            )


@rule(
    "HST002",
    "reboot-pending",
    "A reboot is pending after an update",
    worst="warning",
    required=False,
    source="Debian policy: /run/reboot-required",
    remedies=("restart-soon",),
)
def restart(machine: Machine) -> Verdicts:
    """An update has left a note that it takes effect at the next start. When it is the kernel or the driver, the
    running parts and those on disk do not fit each other until then.
    """
    if there(machine.system.reboot_required) and not machine.system.container:
        yield warning("an update waits for a restart", "/run/reboot-required is there", fix=fix("restart-soon"))


@rule(
    "HST003",
    "clock-wrong",
    "The system clock is wrong",
    worst="warning",
    required=False,
    source="facts: the day each row was read",
    remedies=("set-clock",),
)
def wrong_clock(machine: Machine) -> Verdicts:
    """This machine's clock is behind the day on which this program's own tables were read: certificates of package
    indexes seem not yet valid, and builds think that nothing has changed.
    """
    newest = max(row.read_on for row in facts().branch)
    if machine.read_at[:10] < newest.isoformat():
        yield warning(
            f"the clock says {machine.read_at[:10]}", f"the facts were read on {newest}", fix=fix("set-clock")
        )


@rule(
    "HST004",
    "ram-smaller-than-gpu",
    "The system has less RAM than a GPU has memory",
    worst="info",
    after=(NVML_SILENT, GPU_LOST, GPU_UNANSWERED, "ANS001"),
    required=False,
    source="CUDA C++ best practices guide, pinned memory",
)
def little_memory(machine: Machine) -> Verdicts:
    """A model that fills the GPU cannot be loaded, saved or staged through a main memory that is smaller."""
    have = known(machine.system.memory_bytes)
    largest = max((there(gpu.memory_total) or 0 for gpu in known(machine.gpus)), default=0)
    if have < largest:
        yield info(
            "the system has less memory than a GPU",
            f"system: {have // GIB} GiB",
            f"GPU: {largest // GIB} GiB",
        )


@rule(
    "HST005",
    "slow-clocksource",
    "Slow kernel clocksource (HPET)",
    worst="warning",
    after=("GPU001",),
    required=False,
    source="Linux kernel: Documentation/timers/timekeeping.rst",
    remedies=("clocksource",),
)
def slow_clock(machine: Machine) -> Verdicts:
    """The kernel does not trust the processor's own counter and asks a chip for the time instead, which takes a
    thousand times longer: every start of a kernel and every time-stamp pays for it.
    """
    source = there(machine.system.clocksource)
    if source in SLOW_CLOCKS and machine.system.arch == "x86_64" and has_card(machine):
        yield warning(f"the kernel takes the time from {source}", f"clocksource: {source}", fix=fix("clocksource"))
