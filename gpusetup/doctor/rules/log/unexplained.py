"""LOG22…: what the driver said of a GPU that no other rule explains (a message is never silence), and the IOMMU."""

from __future__ import annotations

import re

from gpusetup.doctor.kernel_log import DRIVER_SOURCE, LOG_READABLE, Message
from gpusetup.doctor.messages.chain import body
from gpusetup.doctor.messages.part import Known, known_format, part_of
from gpusetup.doctor.messages.rule import SHOWN, log_rule
from gpusetup.doctor.messages.said import heard
from gpusetup.doctor.rule import Verdicts, fix, info, rule, warning
from gpusetup.machine.model import Machine

EXPLAINED_BY = (
    "GPU003", "REC001", "LOG002", "LOG003", "LOG004", "LOG005", "LOG006", "LOG007", "LOG008", "LOG009", "LOG101",
    "LOG102", "LOG201", "LOG202", "LOG203", "LOG204", "LOG205", "LOG206", "LOG208", "LOG211", "LOG212", "XID001",
    "XID002", "XID003", "XID004", "XID005", "XID006", "XID010", "XID011",
)  # fmt: skip
"""Rules after whose message the driver says much more."""
_OF_THE_DRIVER = (
    r"nvrm:|nvidia(?:[-_](?:modeset|uvm|nvlink|nvswitch\d*|peermem|drm))?(?: [0-9a-f:.]+)?:|\[drm.*nvidia[-_]drm"
)
_BAD = (
    r"error|fail|fatal|cannot|can.t|could not|unable|invalid|illegal|time.?out|timed out|\blost\b|assert|halt|corrupt"
    r"|unexpected|denied|reject|refus|not supported|unsupported|mismatch|reset|crash|\bhang|\bhung|stuck|\boops|abort"
    r"|overflow|inaccessible|missing|\bbad\b|\bxid\b|warn"
)


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
    do not show. The source of the open kernel modules says of many such messages which part of the driver prints them,
    and that it takes them for errors. Read the lines; where they speak of an error, look for them at NVIDIA's or report
    them there.
    """
    found = [one for one in heard(machine).unjudged if _is_of_the_driver(one)]
    formats = {one: known_format(body(one.small)) for one in found}
    bad = [one for one in found if _is_bad(one, formats[one])]
    for say, some in ((warning, bad), (info, [one for one in found if one not in bad])):
        if some:
            count = "a message" if len(some) == 1 else f"{len(some)} messages"
            shown = dict.fromkeys(one.text for one in some[-SHOWN:])
            yield say(
                f"the driver wrote {count} that no rule explains{_parts(some, formats)}",
                *shown,
                *_sources(some[-SHOWN:], formats),
                fix=fix("kernel-log"),
            )


def _is_of_the_driver(message: Message) -> bool:
    if "nvrm" not in message.small and "nvidia" not in message.small:
        return False
    text = body(message.text).lower()
    if not re.match(_OF_THE_DRIVER, text):
        return False
    return text.startswith("nvrm:") or bool(re.search(_BAD, text))


def _is_bad(message: Message, known: Known | None) -> bool:
    """Say whether the driver's source prints it as an error, or its words say so."""
    return (known is not None and known.level == "error") or bool(re.search(_BAD, message.small))


def _parts(some: list[Message], formats: dict[Message, Known | None]) -> str:
    """Return ``, about NVLink and GPU memory``, as far as function or source file tell; "" for nothing."""
    files = ((one, formats[one]) for one in some)
    names = dict.fromkeys(part_of(body(one.text).lower(), known.file if known else "") for one, known in files)
    told = [name for name in names if name]
    return f", about {' and '.join(told[:SHOWN])}" if told else ""


def _sources(some: list[Message], formats: dict[Message, Known | None]) -> list[str]:
    """Return where the driver's source has these messages."""
    known = dict.fromkeys(one for one in map(formats.get, some) if one)
    return [
        f"printed by {one.file} at {one.level} level (driver {one.first} to {one.last}); its meaning is not documented"
        for one in known
    ]


@log_rule(
    "LOG221",
    "iommu-fault",
    "IOMMU fault of a GPU (DMAR, AMD-Vi)",
    worst="warning",
    remedies=("iommu-passthrough",),
    source="Linux kernel: drivers/iommu/intel/dmar.c, drivers/iommu/amd/iommu.c (fault reports)",
)
def iommu_fault() -> None:
    """The card asked for an address of main memory that the IOMMU (Intel's VT-d, AMD's AMD-Vi) does not let it have:
    the transfer did not take place. The firmware's tables, a driver at fault, or a virtual machine that lost its card.
    """


@log_rule(
    "LOG222",
    "bar-resource-conflict",
    "Resource conflict on a GPU's PCI BAR",
    worst="warning",
    remedies=("free-window",),
    after=("LOG102",),
    source="Linux kernel: drivers/pci/pci.c, __pci_request_region",
)
def window_held() -> None:
    """A driver wanted the card's memory window (BAR) and could not reserve it, since another has it: mostly the frame
    buffer that the firmware set up for the screen. A virtual machine then does not get the card.
    """
