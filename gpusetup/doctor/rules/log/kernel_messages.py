"""LOG…: what the kernel's own messages say of the GPU's start."""

from __future__ import annotations

import re

from gpusetup.doctor.kernel_log import LOG_READABLE, log_rule
from gpusetup.doctor.rule import RuleResults, known, rule
from gpusetup.machine.model import Machine

STAGES = (
    (0x10, 0x1F, "reading its settings"),
    (0x20, 0x2F, "attaching and starting the GPU"),
    (0x30, 0x3F, "reading the card's firmware (VBIOS)"),
    (0x40, 0x5F, "starting the driver's core"),
    (0x60, 0x6F, "loading and starting the GPU's own processor (GSP)"),
)
STATUS = {
    0x0F: "the GPU is lost",
    0x1C: "too little power",
    0x40: "the GPU is in an invalid state",
    0x56: "not supported",
    0x61: "its VBIOS was rejected",
    0x62: "a reset is required",
    0x65: "time ran out",
    0x7F: "its secure boot failed",
}


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
    says=("RmInitAdapter failed!",),
    remedy="kernel-log",
    after=("DRV101", "DRV103"),
)
def start_failed(line: str) -> str:
    """The driver found the GPU and failed to start it. The first number in its message is the stage at which it
    failed, the second one the driver's reason.
    """
    numbers = re.search(r"\(0x([0-9a-f]+):0x([0-9a-f]+):", line, re.IGNORECASE)
    stage, status = (int(numbers[1], 16), int(numbers[2], 16)) if numbers else (0, 0)
    at = next((words for low, high, words in STAGES if low <= stage <= high), f"stage {stage:#x}")
    return f"the driver could not start a GPU: {STATUS.get(status, f'status {status:#x}')}, while {at}"


@log_rule(
    "LOG003",
    "power-cable-log",
    "Auxiliary power of a GPU is not connected",
    worst="error",
    shows_gpu=True,
    stage="bus",
    blocks="firmware",
    says=("does not have the necessary power cables connected",),
    remedy="power-supply",
)
def no_power(line: str) -> str:
    """The card reports that its auxiliary power is missing: a cable that is loose, of the wrong kind, or an empty
    supply.
    """
    return "a GPU's power cables are not connected"


@log_rule(
    "LOG004",
    "bar-invalid",
    "Firmware assigned no address to a GPU's PCI BAR",
    worst="error",
    shows_gpu=True,
    stage="bus",
    blocks="firmware",
    says=("This PCI I/O region assigned to your NVIDIA device is invalid",),
    remedy="firmware-settings",
)
def no_window(line: str) -> str:
    """The machine's firmware did not map the GPU's memory (BAR), mostly for lack of room below 4 GB."""
    return "the machine's firmware gave a GPU's memory window no place"


@log_rule(
    "LOG005",
    "gsp-firmware-not-found",
    "GSP firmware file could not be loaded",
    worst="error",
    stage="firmware",
    blocks="firmware",
    says=("No firmware image found", "Direct firmware load for nvidia/"),
    remedy="gsp-firmware",
    after=("DRV004", "KRN106"),
)
def no_firmware(line: str) -> str:
    """The driver did not find its firmware for the GPU's own processor (GSP), which has to be of exactly its
    version.
    """
    return "the driver did not find its firmware for the GPU's own processor"


@log_rule(
    "LOG006",
    "gpu-legacy",
    "The driver ignores a GPU of a legacy generation",
    worst="error",
    shows_gpu=True,
    blocks="kernel module",
    says=("ignoring the legacy GPU",),
    remedy="legacy-branch",
    after=("DRV101",),
)
def ignored(line: str) -> str:
    """The installed driver branch no longer drives this card; an older, legacy branch does."""
    return "the driver ignores a GPU because its branch no longer drives it"


@log_rule(
    "LOG007",
    "open-module-needs-gsp",
    "The open kernel module does not support a GPU without GSP",
    worst="error",
    shows_gpu=True,
    blocks="kernel module",
    says=("does not include the required GPU System Processor",),
    remedy="proprietary-module",
    after=("DRV101", "DRV103"),
)
def no_gsp(line: str) -> str:
    """The open kernel module needs a GPU System Processor, which came with Turing; this card needs the proprietary
    one.
    """
    return "the open kernel module cannot drive a GPU without a System Processor"


@log_rule(
    "LOG008",
    "other-driver-bound",
    "Another driver claimed a GPU before NVIDIA's",
    worst="error",
    shows_gpu=True,
    blocks="kernel module",
    says=("The NVIDIA probe routine was not called for",),
    remedy="forbid-nouveau",
    after=("KRN003", "KRN004"),
)
def taken(line: str) -> str:
    """When NVIDIA's module was loaded, another driver (nouveau, a frame-buffer driver, vfio) already owned the card."""
    return "another driver owned the GPU when NVIDIA's module was loaded"


@log_rule(
    "LOG009",
    "no-irq",
    "A GPU has no IRQ",
    worst="error",
    stage="bus",
    blocks="firmware",
    says=("Can't find an IRQ for your NVIDIA card",),
    remedy="firmware-settings",
)
def no_interrupt(line: str) -> str:
    """The machine's firmware gave the card no interrupt line and message interrupts are off."""
    return "the machine's firmware gave the GPU no interrupt"


@log_rule(
    "LOG010",
    "module-library-mismatch-log",
    "API mismatch between kernel module and driver library",
    worst="warning",
    says=("API mismatch",),
    remedy="restart",
    after=("DRV004",),
)
def mismatch(line: str) -> str:
    """Since the start, a program's driver library and the kernel module were found to be of different versions."""
    return "a program met a kernel module of another version than its library"


@log_rule(
    "LOG011",
    "module-signature-rejected",
    "The kernel rejected a module signature",
    worst="error",
    blocks="kernel module",
    says=(
        "Key was rejected by service",
        "Required key not available",
        "Loading of module with unavailable key is rejected",
        "unsigned module loading is restricted",
    ),
    remedy="enrol-key",
    after=("SEC002", "SEC003", "SEC004"),
    source="Linux kernel: kernel/module/signing.c",
)
def signature_refused(line: str) -> str:
    """With Secure Boot the kernel takes only modules signed with a key it trusts; it did not trust this one's."""
    return "the kernel refused a module because it does not trust its signing key"


@log_rule(
    "LOG012",
    "module-version-magic",
    "Module vermagic does not match the running kernel",
    worst="error",
    blocks="kernel module",
    says=("disagrees about version of symbol", "version magic", ".gnu.linkonce.this_module section size must match"),
    remedy="rebuild-modules",
    after=("KRN001",),
    source="Linux kernel: kernel/module/version.c, kernel/module/main.c",
)
def wrong_kernel(line: str) -> str:
    """The module on disk was compiled against another kernel than the one that tried to load it."""
    return "a module was built for another kernel than the running one"


@log_rule(
    "LOG013",
    "pcie-bandwidth-limited",
    "The kernel reports limited PCIe bandwidth",
    worst="info",
    says=("available PCIe bandwidth, limited by",),
    remedy="reseat",
    after=("PCI001",),
    source="Linux kernel: drivers/pci/pci.c, pcie_print_link_status",
)
def limited(line: str) -> str:
    """While starting, the kernel saw a device that could have a wider or faster PCIe link than its slot gives it."""
    return "a device's PCIe link is limited by its slot"


@log_rule(
    "LOG014",
    "nvswitch-sxid",
    "An NVSwitch reported an error (SXid)",
    worst="error",
    says=("SXid",),
    remedy="fabric-log",
    source="https://docs.nvidia.com/datacenter/tesla/fabric-manager-user-guide/",
)
def switch_error(line: str) -> str:
    """An NVSwitch between the GPUs reported an error (SXid); fatal ones stop every job that uses NVLink."""
    return "an NVSwitch between the GPUs reported an error"
