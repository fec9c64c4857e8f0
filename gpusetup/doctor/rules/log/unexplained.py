"""LOG22…: what the driver and the kernel said of a GPU that no other rule explains: a message is never silence."""

from __future__ import annotations

import re

from gpusetup.doctor.kernel_log import (
    DRIVER_SOURCE,
    LOG_READABLE,
    SHOWN,
    Message,
    explains,
    is_explained,
    lines,
    messages,
)
from gpusetup.doctor.rule import Verdicts, fix, info, rule, warning
from gpusetup.doctor.rules.xid import XID
from gpusetup.doctor.subjects import each_card
from gpusetup.machine.model import Machine, PciGpu

FAULTS = explains("dmar: [dma", "dmar: [intr", "io_page_fault")
RESERVED = explains("can't reserve")
EXPLAINED_BY = (
    "GPU003", "REC001", "LOG002", "LOG003", "LOG004", "LOG005", "LOG006", "LOG007", "LOG008", "LOG009", "LOG101",
    "LOG102", "LOG201", "LOG202", "LOG203", "LOG204", "LOG205", "LOG206", "LOG208", "LOG211", "XID001", "XID002",
    "XID003", "XID004", "XID005", "XID006", "XID010", "XID011",
)  # fmt: skip
"""Rules after whose message the driver says much more."""
_HEAD = r"^(?:.*?\bkernel: *)?(?:<\d+> *)?(?:\[(?:[ \d.]+|[ TC\d]+|[A-Z][a-z]{2} [^\]]*)\] *)*"
"""What a logger and the kernel write before a message: host, level, seconds or date, thread."""
_OF_THE_DRIVER = (
    r"nvrm:|nvidia(?:[-_](?:modeset|uvm|nvlink|nvswitch|peermem|drm))?(?: [0-9a-f:.]+)?:|\[drm.*nvidia[-_]drm"
)
_BAD = (
    r"error|fail|fatal|cannot|can.t|could not|unable|invalid|illegal|time.?out|timed out|\blost\b|assert|halt|corrupt"
    r"|unexpected|denied|reject|refus|not supported|unsupported|mismatch|reset|crash|\bhang|\bhung|stuck|\boops|abort"
    r"|overflow|inaccessible|missing|\bbad\b|\bxid\b|warn"
)
_ORDINARY = (
    "loading nvidia", "loading out-of-tree module", "module verification failed", "taints kernel", "inheriting taint",
    "vgaarb", "enabling device", "nvlink core is being", "unregistered the nvlink core", "loaded the uvm driver",
    "unloaded the uvm driver", "loading driver", "unloading driver", "initialized nvidia-drm", "module uses symbols",
    "unloading nvidia", "persistence mode is deprecated", "gpu at pci:", "board serial number", "nvidia-bug-report",
    "gpu crash dump has been created", "allocated gpu", "freed gpu", "configured to drive a vga console",
    "on the primary vga device", "requires the use of a text-mode vga", "drivers including, but not limited to",
    "corruption and stability problems", "testifdsmsubfunctionenabled", "cannot find any crtc", "aer:",
    "pcie bus error", "error status/mask", "device [10de:", "the nvidia gpu 0", "please see", "www.nvidia.com",
    "for more information", "nvidia probe routine", "probe with driver nvidia failed", "probe of 0",
    "bios data block", "unable to read edid", "number of heads",
)  # fmt: skip
"""What every healthy machine's driver says, or what only goes on with another message; in small letters."""


@rule(
    "LOG220",
    "unexplained-message",
    "Unexplained driver message",
    worst="warning",
    after=("GPU001", LOG_READABLE, *EXPLAINED_BY),
    required=False,
    source=DRIVER_SOURCE,
    remedies=("kernel-log",),
)
def unexplained(machine: Machine) -> Verdicts:
    """The driver has written something into the kernel's log that none of these rules knows, and that healthy machines
    do not show. Read the lines; where they speak of an error, look for them at NVIDIA's or report them there.
    """
    found = [one for one in messages(machine) if _is_unexplained(one)]
    bad = [one for one in found if re.search(_BAD, one.small)]
    for say, some in ((warning, bad), (info, [one for one in found if not re.search(_BAD, one.small)])):
        if some:
            count = "a message" if len(some) == 1 else f"{len(some)} messages"
            shown = dict.fromkeys(one.text for one in some[-SHOWN:])
            yield say(f"the driver wrote {count} that no rule explains", *shown, fix=fix("kernel-log"))


def _is_unexplained(message: Message) -> bool:
    if "nvrm" not in message.small and "nvidia" not in message.small:
        return False
    if any(one in message.small for one in _ORDINARY):  # nearly always: no pattern is compiled then
        return False
    if "xid (" in message.small and re.search(XID, message.text):
        return False
    text = re.sub(_HEAD, "", message.text, count=1).lower()
    if not re.match(_OF_THE_DRIVER, text) or is_explained(message):
        return False
    return text.startswith("nvrm:") or bool(re.search(_BAD, text))


def _of_card(machine: Machine, card: PciGpu, texts: tuple[str, ...]) -> list[str]:
    """Return the kernel's messages that hold one of `texts` and the card's address, with or without its domain."""
    short = card.address.lower().partition(":")[2]
    return [line for line in dict.fromkeys(lines(machine, *texts)) if short in line.lower()]


@rule(
    "LOG221",
    "iommu-fault",
    "IOMMU fault of a GPU (DMAR, AMD-Vi)",
    worst="warning",
    after=("GPU001", LOG_READABLE),
    over=each_card,
    required=False,
    source="Linux kernel: drivers/iommu/intel/dmar.c, drivers/iommu/amd/iommu.c (fault reports)",
    remedies=("iommu-passthrough",),
)
def iommu_fault(machine: Machine, card: PciGpu) -> Verdicts:
    """The card asked for an address of main memory that the IOMMU (Intel's VT-d, AMD's AMD-Vi) does not let it have:
    the transfer did not take place. The firmware's tables, a driver at fault, or a virtual machine that lost its card.
    """
    found = _of_card(machine, card, FAULTS)
    if found:
        yield warning(
            f"the IOMMU refused {len(found)} accesses (DMA) of this card", *found[-SHOWN:], fix=fix("iommu-passthrough")
        )


@rule(
    "LOG222",
    "bar-resource-conflict",
    "Resource conflict on a GPU's PCI BAR",
    worst="warning",
    after=("GPU001", LOG_READABLE, "LOG102"),
    over=each_card,
    required=False,
    source="Linux kernel: drivers/pci/pci.c, __pci_request_region",
    remedies=("free-window",),
)
def window_held(machine: Machine, card: PciGpu) -> Verdicts:
    """A driver wanted the card's memory window (BAR) and could not reserve it, since another has it: mostly the frame
    buffer that the firmware set up for the screen. A virtual machine then does not get the card.
    """
    found = _of_card(machine, card, RESERVED)
    if found:
        yield warning(
            "the memory window (BAR) of this card could not be reserved: something else holds it",
            *found[-SHOWN:],
            fix=fix("free-window"),
        )
