"""LOG…: what the kernel's own messages say of the GPU's start."""

from __future__ import annotations

from gpusetup.doctor.kernel.kernel_log import LOG_READABLE
from gpusetup.doctor.messages.rule import log_rule
from gpusetup.doctor.rule import RuleResults, known, rule
from gpusetup.machine.model import Machine


@rule(
    LOG_READABLE,
    "kernel-log-unreadable",
    "The kernel log cannot be read",
    worst="unknown",
    required=False,
    source="dmesg(1), dmesg_restrict",
)
def unreadable(machine: Machine) -> RuleResults:
    """Without the kernel's messages nothing can be said of past errors (Xid) or of why the driver did not start.

    Where the kernel shows its log to administrators alone, run the doctor once with ``sudo``, or let somebody who may
    read it save the machine with ``gpusetup detect``.
    """
    known(machine.system.kernel.log)
    yield from ()


@log_rule(
    "LOG002",
    "gpu-init-failed",
    "GPU initialisation failed (RmInitAdapter)",
    worst="error",
    stage="firmware",
    blocks="device nodes",
    symptom=True,
    remedies=("cold-start", "firmware-settings"),
    after=("DRV101", "DRV103"),
)
def start_failed() -> None:
    """The driver found the GPU and failed to start it. The first number in its message is the stage at which it
    failed, the second one the driver's reason (NV_STATUS), the third a line of its source. Mostly an earlier message
    names the cause.
    """


@log_rule(
    "LOG003",
    "power-cable-log",
    "Auxiliary power of a GPU is not connected",
    worst="error",
    shows_gpu=True,
    stage="bus",
    blocks="firmware",
    remedies=("power-supply",),
)
def no_power() -> None:
    """The card reports that its auxiliary power is missing: a cable that is loose, of the wrong kind, or an empty
    supply.
    """


@log_rule(
    "LOG004",
    "bar-invalid",
    "Firmware assigned no address to a GPU's PCI BAR",
    worst="error",
    shows_gpu=True,
    stage="bus",
    blocks="firmware",
    remedies=("firmware-settings",),
)
def no_window() -> None:
    """The machine's firmware did not map the GPU's memory (BAR), mostly for lack of room below 4 GB."""


@log_rule(
    "LOG005",
    "gsp-firmware-not-found",
    "GSP firmware file could not be loaded",
    worst="error",
    stage="firmware",
    blocks="firmware",
    remedies=("gsp-firmware",),
    after=("DRV004", "KRN106"),
)
def no_firmware() -> None:
    """The driver did not find its firmware for the GPU's own processor (GSP), which has to be of exactly its
    version.
    """


@log_rule(
    "LOG006",
    "gpu-legacy",
    "The driver ignores a GPU of a legacy generation",
    worst="error",
    shows_gpu=True,
    blocks="kernel module",
    remedies=("legacy-branch",),
    after=("DRV101",),
)
def ignored() -> None:
    """The installed driver branch no longer drives this card; an older, legacy branch does."""


@log_rule(
    "LOG007",
    "open-module-needs-gsp",
    "The open kernel module does not support a GPU without GSP",
    worst="error",
    shows_gpu=True,
    blocks="kernel module",
    remedies=("proprietary-module",),
    after=("DRV101", "DRV103"),
)
def no_gsp() -> None:
    """The open kernel module needs a GPU System Processor, which came with Turing; this card needs the proprietary
    one.
    """


@log_rule(
    "LOG008",
    "other-driver-bound",
    "Another driver claimed a GPU before NVIDIA's",
    worst="error",
    shows_gpu=True,
    blocks="kernel module",
    remedies=("forbid-nouveau",),
    after=("KRN003", "KRN004"),
)
def taken() -> None:
    """When NVIDIA's module was loaded, another driver (nouveau, a frame-buffer driver, vfio) already owned the card."""


@log_rule(
    "LOG009",
    "no-irq",
    "A GPU has no IRQ",
    worst="error",
    stage="bus",
    blocks="firmware",
    remedies=("firmware-settings",),
)
def no_interrupt() -> None:
    """The machine's firmware gave the card no interrupt line and message interrupts are off."""


@log_rule(
    "LOG010",
    "module-library-mismatch-log",
    "API mismatch between kernel module and driver library",
    worst="warning",
    remedies=("restart", "rebuild-modules"),
    after=("DRV004",),
)
def mismatch() -> None:
    """Since the start, a program's driver library and the kernel module were found to be of different versions."""


@log_rule(
    "LOG011",
    "module-signature-rejected",
    "The kernel rejected a module signature",
    worst="error",
    blocks="kernel module",
    remedies=("enrol-key",),
    after=("SEC002", "SEC003", "SEC004"),
    source="Linux kernel: kernel/module/signing.c",
)
def signature_refused() -> None:
    """With Secure Boot the kernel takes only modules signed with a key it trusts; it did not trust this one's."""


@log_rule(
    "LOG012",
    "module-version-magic",
    "Module vermagic does not match the running kernel",
    worst="error",
    blocks="kernel module",
    remedies=("rebuild-modules",),
    after=("KRN001",),
    source="Linux kernel: kernel/module/version.c, kernel/module/main.c",
)
def wrong_kernel() -> None:
    """The module on disk was compiled against another kernel than the one that tried to load it."""


@log_rule(
    "LOG013",
    "pcie-bandwidth-limited",
    "The kernel reports limited PCIe bandwidth",
    worst="info",
    remedies=("reseat",),
    after=("PCI001",),
    source="Linux kernel: drivers/pci/pci.c, pcie_print_link_status",
)
def limited() -> None:
    """While starting, the kernel saw a device that could have a wider or faster PCIe link than its slot gives it."""
