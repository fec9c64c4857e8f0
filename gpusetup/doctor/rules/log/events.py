"""LOG1…: what the kernel's messages say of the time after the start."""

from __future__ import annotations

import re

from gpusetup.doctor.kernel.kernel_log import LOG_READABLE, plain_lines
from gpusetup.doctor.messages.chain import card
from gpusetup.doctor.messages.rule import log_rule
from gpusetup.doctor.messages.said import XID
from gpusetup.doctor.messages.xids import table
from gpusetup.doctor.rule import RuleResults, error, fix, known, rule, there, warning
from gpusetup.doctor.rules.xid import CATALOGUE
from gpusetup.machine.model import Machine

HARMLESS = ("program", "note", "older")
OOPS = 7
"""The bit of the taint that an oops sets (D)."""


@log_rule(
    "LOG101",
    "no-gpu-usable", "The driver found GPUs but could use none of them",
    worst="error", stage="firmware", symptom=True,
    remedies=("kernel-log",),
    after=("LOG002", "LOG006", "LOG007", "LOG008", "LOG102", "LOG204", "LOG205", "LOG206", "DRV101", "DRV103"),
)  # fmt: skip
def none_started() -> None:
    """NVIDIA's module was loaded, tried each card and gave up; the lines before it in the log name the reason."""


@log_rule(
    "LOG102",
    "bar-conflict",
    "The GPU's register BAR is held by another driver",
    worst="error",
    shows_gpu=True,
    blocks="kernel module",
    remedies=("forbid-nouveau",),
    after=("KRN003", "KRN004"),
)
def registers_held() -> None:
    """Another driver (a frame buffer, nouveau, vfio) owns the addresses of the card's registers, so NVIDIA's cannot."""


@log_rule(
    "LOG103",
    "pcie-slot-power",
    "PCIe slot power is insufficient",
    worst="warning",
    remedies=("power-supply",),
    source="Linux kernel: drivers/net/ethernet/mellanox/mlx5/core/events.c",
)
def slot_power() -> None:
    """A network adapter measures less power in its slot than it needs, and may drop out under load."""


@log_rule(
    "LOG104",
    "segfault-in-driver-library",
    "A program crashed inside an NVIDIA library (segfault)",
    worst="warning",
    remedies=("check-program",),
    source="Linux kernel: arch/x86/mm/fault.c (segfault at … in LIBRARY)",
)
def crashed() -> None:
    """The kernel ended a program for an access inside NCCL, CUDA or cuDNN that it had no right to: mostly versions that
    do not fit each other, or memory that the program handed over wrongly.
    """


@log_rule(
    "LOG105",
    "hung-task",
    "Hung task or CPU lockup in the kernel log",
    worst="warning",
    remedies=("kernel-log",),
    source="Linux kernel: kernel/hung_task.c, kernel/watchdog.c",
)
def hangs() -> None:
    """A process waited for minutes inside the kernel, or a processor did not come back: a GPU, a disk or a network file
    system that no longer answers.
    """


@log_rule(
    "LOG106",
    "nvlink-training-failed",
    "NVLink training failed",
    worst="warning",
    remedies=("nvlink",),
    source="github.com/leptonai/gpud: components/accelerator/nvidia (its table of kernel messages)",
)
def links_failed() -> None:
    """Links between GPUs were seen at the other end, but could not be brought up."""


@log_rule(
    "LOG107",
    "gpudirect-context",
    "GPUDirect RDMA used a foreign context",
    worst="warning",
    remedies=("kernel-log",),
    source="github.com/NVIDIA/open-gpu-kernel-modules: kernel-open/nvidia-peermem",
)
def invalid_context() -> None:
    """nvidia_peermem was asked to free memory that it no longer knows: a program ended while the network still wrote to
    it.
    """


@log_rule(
    "LOG229",
    "peer-memory-symbols",
    "GPUDirect RDMA does not fit the InfiniBand modules (symbol versions)",
    worst="error",
    remedies=("rebuild-peermem",),
    source="Linux kernel: kernel/module; github.com/Mellanox/nv_peer_memory: issues 79, 84",
)
def peer_symbols() -> None:
    """nvidia_peermem (or nv_peer_mem) registers with the InfiniBand modules by symbols that only MLNX_OFED or DOCA
    brings. Where these modules are the kernel's own, or of another build than the one it was compiled against, the
    kernel refuses it, and data between machines goes through main memory.
    """


@rule(
    "LOG230",
    "module-crashed",
    "A crash of the kernel inside NVIDIA's kernel module (oops)",
    worst="error",
    after=("GPU001", LOG_READABLE),
    required=False,
    source="Linux kernel: Documentation/admin-guide/bug-hunting.rst, tainted-kernels.rst (D)",
    remedies=("crashed-module",),
)
def crashed_inside(machine: Machine) -> RuleResults:
    """The kernel met a fault (an oops: a NULL pointer, for instance) while it ran NVIDIA's module: a fault of the
    driver. The module stays half dead, and suspend, new programs or the module's removal hang until the machine is
    restarted.
    """
    if not (there(machine.system.kernel.taint) or 0) >> OOPS & 1:
        return
    for line in plain_lines(known(machine.system.kernel.log)):
        if said := re.search(r"\b(?:RIP: [0-9a-f]{4}:|pc : )(\S{1,80}) \[(nvidia\w{0,20})\]", line):
            yield error(
                f"{said[2]} has crashed the kernel in {said[1].partition('+')[0]}", line, fix=fix("crashed-module")
            )
            return


@rule(
    "LOG108",
    "previous-boot-errors",
    "GPU errors before the last reboot",
    worst="warning",
    after=("GPU001", LOG_READABLE),
    required=False,
    source=CATALOGUE,
    remedies=("kernel-log",),
)
def before(machine: Machine) -> RuleResults:
    """Logs of earlier starts hold Xid messages that NVIDIA's catalogue calls serious. A restart clears the symptom;
    when it comes back on the same card, the card is failing.

    Where only systemd's journal keeps them, ``--deep`` looks at the last start before this one.
    """
    for line in plain_lines(there(machine.system.kernel.earlier_log) or ()):
        said = re.search(XID, line)
        row = table().get(said[2]) if said else None
        # one line is enough: the log of an earlier start cannot say what became of it
        if said and (row is None or row.group not in HARMLESS):
            yield warning(f"Xid {said[2]} before the last restart", line, fix=fix("kernel-log"), subject=card(said[1]))
            return
