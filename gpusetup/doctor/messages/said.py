"""Each message of the kernel log with the row that judges it, and with the failure whose consequence it is."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from gpusetup.doctor.kernel.kernel_log import Message, messages
from gpusetup.doctor.messages.chain import Chain, address, of_other_function
from gpusetup.doctor.messages.rows import Judged, Parts, companions, fits, ordinary, rows
from gpusetup.doctor.once import once
from gpusetup.machine.model import Machine

XID = r"(?i)NVRM: Xid \((?:PCI:)?([0-9a-f:.]++)[^()]*+\): (\d{1,5})"
"""Of a slice (MIG) the driver adds its numbers: ``(PCI:0000:01:00 GPU-I:05 GPU-CI:00)``."""
_SWITCH = ": sxid (pci:"
_LOADED = "nvrm: loading nvidia unix"
_ALIKE = bytes.maketrans(b"123456789abcdef", b"0" * 15)


class Said(msgspec.Struct, frozen=True):
    """One judged message; `gpu` is ``0000:01:00`` or "", `cause` the rule whose earlier failure it follows from."""

    judged: Judged
    line: str
    gpu: str
    cause: str


class Heard(msgspec.Struct, frozen=True):
    """All judged messages by the rule that reports them, and the driver's messages that no row judges."""

    by_rule: dict[str, list[Said]]
    unjudged: list[Message]
    xid_causes: dict[tuple[str, str], str]
    """GPU as the driver names it and Xid → the rule that reported what this Xid follows from."""


@once
def heard(machine: Machine) -> Heard:
    """Return what the kernel log says; raises `UnreadError` where it cannot be read."""
    # On a healthy machine every message is ordinary, and neither the rows nor their patterns are even read.
    usual = [text for text in ordinary() if _alike(text) in _whole(machine)]
    candidates = [
        one for one in messages(machine) if _LOADED in one.small or not any(text in one.small for text in usual)
    ]
    found = Heard({}, [], {})
    if any(_LOADED not in one.small for one in candidates):
        _listen(candidates, found, _possible(_whole(machine)))
    return found


def _alike(small: str) -> bytes:
    """Return `small` with hexadecimal digits as 0: a log may repeat one message thousands of times."""
    return small.encode("utf-8", "surrogatepass").translate(_ALIKE)


@once
def _whole(machine: Machine) -> bytes:
    """Return the messages of the log, of those alike one each: what this lacks, none of them has."""
    return b"\n".join({_alike(one.small) for one in messages(machine)})


def _listen(candidates: list[Message], found: Heard, possible: Possible) -> None:
    chain, alone, events = Chain(), [], 0
    beside: list[Said] = []
    for message in candidates:
        event = re.search(XID, message.text) if "xid (" in message.small else None
        if _LOADED in message.small:
            chain.forget()
        elif event:
            events += 1
            found.xid_causes.setdefault((event[1].lower(), event[2]), chain.event(address(f"{event[1]}.0"), event[2]))
        elif _SWITCH in message.small:  # the rules over SXids read these
            events += 1
        elif (judged := _judge(message, possible)) and judged.row.device and of_other_function(message.text):
            beside.append(Said(judged, message.text, address(message.text), ""))
        elif judged:
            gpu = address(message.text)
            found.by_rule.setdefault(judged.rule, []).append(Said(judged, message.text, gpu, chain.cause(judged, gpu)))
        elif any(text in message.small for text in companions()):
            alone.append(message)
        else:
            found.unjudged.append(message)
    for said in () if events or found.by_rule else beside:  # a lost GPU takes the card's audio and USB functions along
        found.by_rule.setdefault(said.judged.rule, []).append(said)
    if not (events or found.by_rule or found.unjudged):
        found.unjudged.extend(alone)  # what they go on with is no longer in the log


Possible = list[tuple[bool, int, int, Judged, Parts]]


def _possible(whole: bytes) -> Possible:
    """Return the texts that the log can hold at all, each with its rank: particular before general, long before short.

    One look at the whole log for the first part of each keeps a log full of messages from costing rows × messages.
    """
    return [
        (not one.row.general, sum(map(len, parts)), -place, one, parts)
        for place, one, parts, opening in openings()
        if opening in whole
    ]


@cache
def openings() -> tuple[tuple[int, Judged, Parts, bytes], ...]:
    """Return each text of each row, with its row's place and its own first part, alike as the log's messages are."""
    return tuple((place, one, parts, _alike(parts[0])) for place, one in enumerate(rows()) for parts in one.parts)


def _judge(message: Message, possible: Possible) -> Judged | None:
    """Return the row with the most literal text in the message; None where no row judges it."""
    fitting = [one[:4] for one in possible if fits(message.small, one[4])]
    return max(fitting, key=lambda one: one[:3])[3] if fitting else None
