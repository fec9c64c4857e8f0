"""LOG22…: what the driver said of a GPU that no other rule explains (a message is never silence), and the IOMMU."""

from __future__ import annotations

import re

import msgspec

from gpusetup.doctor.kernel.kernel_log import DRIVER_SOURCE, LOG_READABLE, Message
from gpusetup.doctor.messages.chain import body
from gpusetup.doctor.messages.part import Known, known_format, part_of
from gpusetup.doctor.messages.rule import SHOWN, log_rule
from gpusetup.doctor.messages.said import heard
from gpusetup.doctor.rule import RuleResults, fix, info, rule, warning
from gpusetup.machine.model import Machine

MOST = 50
"""Of so many kinds of messages the source is asked; each costs a millisecond (4,000 formats)."""
EXPLAINED_BY = (
    "GPU003", "REC001", "LOG002", "LOG003", "LOG004", "LOG005", "LOG006", "LOG007", "LOG008", "LOG009", "LOG101",
    "LOG102", "LOG201", "LOG202", "LOG203", "LOG204", "LOG205", "LOG206", "LOG207", "LOG208", "LOG211", "LOG212",
    "LOG217", "LOG219", "XID001", "XID002", "XID003", "XID004", "XID005", "XID006", "XID010", "XID011",
)  # fmt: skip
"""Rules after whose message the driver says much more."""
_OF_THE_DRIVER = (
    r"nvrm[: ]|nvidia(?:[-_](?:modeset|uvm|nvlink|nvswitch\d*|peermem|drm))?(?: [0-9a-f:.]+)?:|\[drm.*nvidia[-_]drm"
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
def unexplained(machine: Machine) -> RuleResults:
    """The driver has written something into the kernel's log that none of these rules knows, and that healthy machines
    do not show. The source of the open kernel modules says of many such messages which part of the driver prints them,
    and that it takes them for errors. Read the lines; where they speak of an error, look for them at NVIDIA's or report
    them there.
    """
    kinds = _kinds([one for one in heard(machine).unjudged if _is_of_the_driver(one)])
    bad = [one for one in kinds if one.is_bad]
    # what the source prints as an error, or says so in its words, is worth a look; the rest is only named
    for say, some in ((warning, bad), (info, [one for one in kinds if one not in bad])):
        if some:
            count = sum(len(one.messages) for one in some)
            yield say(
                f"the driver wrote {'a message' if count == 1 else f'{count} messages'} that no rule explains"
                f"{_parts(some)}",
                *(one.messages[-1].text for one in some[-SHOWN:]),
                *dict.fromkeys(_source(one.known) for one in some[-SHOWN:] if one.known),
                fix=fix("kernel-log"),
            )


class Kind(msgspec.Struct, frozen=True):
    """Messages that differ in their numbers alone, and what the driver's source says of them."""

    messages: list[Message]
    known: Known | None

    @property
    def is_bad(self) -> bool:
        """Say whether the driver's source prints it as an error, or its words say so."""
        told = self.known is not None and self.known.level == "error"
        return told or bool(re.search(_BAD, self.messages[-1].small))


def _kinds(found: list[Message]) -> list[Kind]:
    kinds: dict[str, list[Message]] = {}
    for one in found:
        # possessive, so that a line of digits alone costs no more than its length
        kinds.setdefault(re.sub(r"0x[0-9a-f]++|\d++", "", body(one.text).lower()), []).append(one)
    new = list(kinds)[-MOST:]
    return [Kind(some, known_format(some[-1].small) if key in new else None) for key, some in kinds.items()]


def _is_of_the_driver(message: Message) -> bool:
    if "nvrm" not in message.small and "nvidia" not in message.small:
        return False
    text = body(message.text).lower()
    # audio, USB and AER lines of the card name nvidia as well, and have rules of their own
    if not re.match(_OF_THE_DRIVER, text):
        return False
    return text.startswith("nvrm") or bool(re.search(_BAD, text))


def _parts(some: list[Kind]) -> str:
    """Return ``, about NVLink and GPU memory``, as far as function or source file tell; "" for nothing."""
    names = (part_of(body(one.messages[-1].text).lower(), one.known.file if one.known else "") for one in some)
    told = [name for name in dict.fromkeys(names) if name]
    return f", about {' and '.join(told[:SHOWN])}" if told else ""


def _source(known: Known) -> str:
    """Return where the driver's source has a message."""
    return (
        f"printed by {known.file} at {known.level} level (driver {known.first} to {known.last}); "
        "its meaning is not documented"
    )


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
