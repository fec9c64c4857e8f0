"""HST: the host itself: disk, clock, memory, pending restart."""

from __future__ import annotations

from gpusetup import __version__
from gpusetup.doctor.gpu.subjects import GPU_LOST, GPU_UNANSWERED, NVML_SILENT, has_card
from gpusetup.doctor.rule import RuleResults, UnreadError, error, fix, info, known, rule, there, warning
from gpusetup.facts import facts
from gpusetup.machine.model import NOT_RECORDED, Machine

GIB = 1 << 30
# ours: the wheels of a framework with CUDA take more than 2 GiB; below 128 MiB ordinary programs fail as well
LITTLE, NOTHING = 2 * GIB, GIB // 8
OF_DRIVER = ("akmod-nvidia", "xorg-x11-drv-nvidia", "nvidia-driver", "nvidia-compute", "nvidia-gl", "nvidia-settings")
"""How the RPM packages of the driver begin that are there once."""
STATEFUL = ("dpkg", "pacman")
"""Package managers that leave a sign of what they began and did not finish; RPM does not."""
# clock sources of x86 without a vDSO: each reading is a system call and an access to a chip
SLOW_CLOCKS = {"hpet", "acpi_pm", "jiffies", "refined-jiffies"}


@rule(
    "HST001", "disk-full", "A file system is nearly full", worst="error", source="statvfs(3)", remedies=("free-disk",)
)
def full(machine: Machine) -> RuleResults:
    """There is little room where frameworks keep compiled kernels, models and temporary files: programs end with odd
    messages, and installations stop halfway.
    """
    for disk in there(machine.system.disks) or ():
        # a tenth for small file systems, such as a /tmp in memory, that never have 2 GiB
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
def restart(machine: Machine) -> RuleResults:
    """An update has left a note that it takes effect at the next start. When it is the kernel or the driver, the
    running parts and those on disk do not fit each other until then.
    """
    if there(machine.system.reboot_required) and not machine.system.container:
        yield warning("a reboot is pending after an update", "/run/reboot-required is there", fix=fix("restart-soon"))


@rule(
    "HST003",
    "clock-wrong",
    "The system clock is wrong",
    worst="warning",
    required=False,
    source="facts: the day each row was read",
    remedies=("set-clock",),
)
def wrong_clock(machine: Machine) -> RuleResults:
    """This machine's clock is behind the day on which this program's own tables were read: certificates of package
    indexes seem not yet valid, and builds think that nothing has changed. A machine that an older version saved may
    well be older than the tables of this one.
    """
    if machine.gpusetup != __version__:
        raise UnreadError(NOT_RECORDED)  # the day of that version's tables: of a newer one's as well
    # the tables were read before this program was built: no right clock is behind them
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
def little_memory(machine: Machine) -> RuleResults:
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
def slow_clock(machine: Machine) -> RuleResults:
    """The kernel does not trust the processor's own counter and asks a chip for the time instead, which takes
    tens of times longer: every start of a kernel and every time-stamp pays for it.
    """
    source = there(machine.system.clocksource)
    # Arm has one architected timer, which needs no choice
    if source in SLOW_CLOCKS and machine.system.arch == "x86_64" and has_card(machine):
        yield warning(f"the kernel takes the time from {source}", f"clocksource: {source}", fix=fix("clocksource"))


@rule(
    "HST006",
    "packages-half-installed",
    "Driver or kernel packages are half installed",
    worst="warning",
    after=("KRN009", "KRN101", "KRN102", "KRN103"),
    required=False,
    source="dpkg(1), package states",
    remedies=("finish-packages",),
)
def half_installed(machine: Machine) -> RuleResults:
    """The installation of packages was begun and not finished: it was interrupted, the disk was full, or the build of a
    module failed within it. Until that is finished, apt refuses every other change.
    """
    if machine.system.container or not any(one.manager in STATEFUL for one in there(machine.packages) or ()):
        return
    half = there(machine.system.unfinished_packages) or ()
    if half:
        yield warning(f"{len(half)} packages are half installed", *half[:5], fix=fix("finish-packages"))


@rule(
    "HST007",
    "packages-of-two-versions",
    "A driver package is installed in two versions",
    worst="warning",
    required=False,
    source="rpm(8); dnf(8), distro-sync",
    remedies=("finish-packages",),
)
def twice(machine: Machine) -> RuleResults:
    """RPM keeps two versions of one package when an upgrade ended between installing the new and removing the old one.
    Packages of kernels and of modules for one kernel are meant to be there several times.
    """
    names: dict[str, set[str]] = {}
    for one in there(machine.packages) or ():
        if one.manager == "rpm" and one.name.startswith(OF_DRIVER):
            names.setdefault(one.name, set()).add(one.version)
    double = {name: sorted(versions) for name, versions in names.items() if len(versions) > 1}
    if double:
        evidence = (f"{name}: {', '.join(versions)}" for name, versions in list(double.items())[:5])
        yield warning(
            f"{len(double)} driver packages are installed in two versions", *evidence, fix=fix("finish-packages")
        )
