"""LOG1…: what the kernel's messages say of the time after the start."""

from __future__ import annotations

import re

from gpusetup.doctor.kernel_log import LOG_READABLE, log_rule, plain_lines
from gpusetup.doctor.rule import RuleResults, fix, rule, there, warning
from gpusetup.doctor.rules.xid import CATALOGUE, XID, table
from gpusetup.machine.model import Machine

HARMLESS = ("program", "note")


@log_rule(
    "LOG101",
    "no-gpu-usable", "The driver found GPUs but could use none of them",
    worst="error", stage="firmware", symptom=True,
    says=("None of the NVIDIA devices were initialized", "None of the NVIDIA graphics adapters were initialized",
          "NVIDIA probe routine failed for"),
    remedy="kernel-log",
    after=("LOG002", "LOG006", "LOG007", "LOG008", "LOG102", "LOG204", "LOG205", "LOG206",
           "DRV101", "DRV103"))  # fmt: skip
def none_started(line: str) -> str:
    """NVIDIA's module was loaded, tried each card and gave up; the lines before it in the log name the reason."""
    return "NVIDIA's module could not start a card"


@log_rule(
    "LOG102",
    "bar-conflict",
    "The GPU's register BAR is held by another driver",
    worst="error",
    shows_gpu=True,
    blocks="kernel module",
    says=("request_mem_region failed for",),
    remedy="forbid-nouveau",
    after=("KRN003", "KRN004"),
)
def registers_held(line: str) -> str:
    """Another driver (a frame buffer, nouveau, vfio) owns the addresses of the card's registers, so NVIDIA's cannot."""
    return "another driver holds the registers of a card"


@log_rule(
    "LOG103",
    "pcie-slot-power",
    "PCIe slot power is insufficient",
    worst="warning",
    says=("Detected insufficient power on the PCIe slot",),
    remedy="power-supply",
    source="Linux kernel: drivers/net/ethernet/mellanox/mlx5/core/events.c",
)
def slot_power(line: str) -> str:
    """A network adapter measures less power in its slot than it needs, and may drop out under load."""
    return "a PCIe slot gives its card too little power"


@log_rule(
    "LOG104",
    "segfault-in-driver-library",
    "A program crashed inside an NVIDIA library (segfault)",
    worst="warning",
    says=("in libnccl", "in libcuda", "in libcudnn", "in libcublas"),
    remedy="check-program",
    source="Linux kernel: arch/x86/mm/fault.c (segfault at … in LIBRARY)",
)
def crashed(line: str) -> str:
    """The kernel ended a program for an access inside NCCL, CUDA or cuDNN that it had no right to: mostly versions that
    do not fit each other, or memory that the program handed over wrongly.
    """
    return "a program crashed inside one of NVIDIA's libraries"


@log_rule(
    "LOG105",
    "hung-task",
    "Hung task or CPU lockup in the kernel log",
    worst="warning",
    says=("blocked for more than", "soft lockup"),
    remedy="kernel-log",
    source="Linux kernel: kernel/hung_task.c, kernel/watchdog.c",
)
def hangs(line: str) -> str:
    """A process waited for minutes inside the kernel, or a processor did not come back: a GPU, a disk or a network file
    system that no longer answers.
    """
    return "something hangs inside the kernel"


@log_rule(
    "LOG106",
    "nvlink-training-failed",
    "NVLink training failed",
    worst="warning",
    says=("Failed to update Rx Detect Link mask",),
    remedy="nvlink",
    source="github.com/leptonai/gpud: components/accelerator/nvidia (its table of kernel messages)",
)
def links_failed(line: str) -> str:
    """Links between GPUs were seen at the other end, but could not be brought up."""
    return "NVLinks could not be brought up"


@log_rule(
    "LOG107",
    "gpudirect-context",
    "GPUDirect RDMA used a foreign context",
    worst="warning",
    says=("detected invalid context, skipping further processing",),
    remedy="kernel-log",
    source="github.com/NVIDIA/open-gpu-kernel-modules: kernel-open/nvidia-peermem",
)
def invalid_context(line: str) -> str:
    """nvidia_peermem was asked to free memory that it no longer knows: a program ended while the network still wrote to
    it.
    """
    return "nvidia_peermem met an invalid context"


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
    harmless = {number for group in HARMLESS for number in table()[group]}
    for line in plain_lines(there(machine.system.kernel.earlier_log) or ()):
        said = re.search(XID, line)
        if said and said[2] not in harmless:
            yield warning(
                f"Xid {said[2]} before the last restart", line, fix=fix("kernel-log"), subject=f"PCI {said[1]}"
            )
            return
