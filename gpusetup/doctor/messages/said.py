"""Each message of the kernel log with the row that judges it, and with the failure whose consequence it is."""

from __future__ import annotations

import re

import msgspec

from gpusetup.doctor.kernel_log import Message, messages
from gpusetup.doctor.messages.rows import Judged, companions, fits, ordinary, rows
from gpusetup.doctor.once import once
from gpusetup.machine.model import Machine

HEAD = r"^(?:.*?\bkernel: *+)?(?:<\d++> *+)?(?:\[(?:[ \d.+]++|[ TC\d]++|[A-Z][a-z]{2}[^\]]*+|\d{4}-[^\]]*+)\] *+)*"
"""What a logger and the kernel write before a message: host, level, seconds or date, thread."""
XID = r"(?i)NVRM: Xid \((?:PCI:)?([0-9a-f:.]++)[^()]*+\): (\d{1,5})"
"""Of a slice (MIG) the driver adds its numbers: ``(PCI:0000:01:00 GPU-I:05 GPU-CI:00)``."""
_ADDRESS = r"\b([0-9a-f]{4,8}):([0-9a-f]{2}:[0-9a-f]{2})\b|\b([0-9a-f]{2}:[0-9a-f]{2})\.[0-7]\b"
_NEW_START = "nvrm: loading nvidia unix"
"""The module was loaded anew, and with it each GPU: what failed before is over."""


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


def body(text: str) -> str:
    """Return a message without what a logger writes before it."""
    return re.sub(HEAD, "", text, count=1)


@once
def heard(machine: Machine) -> Heard:
    """Return what the kernel log says; raises `UnreadError` where it cannot be read."""
    found = Heard({}, [], {})
    chain = _Chain()
    for message in messages(machine):
        if _NEW_START in message.small:
            chain.forget()
        if any(text in message.small for text in ordinary()):  # nearly always: the rows are not even read then
            continue
        if "xid (" in message.small and (event := re.search(XID, message.text)):
            if cause := chain.event(event[1], event[2]):
                found.xid_causes.setdefault((event[1].lower(), event[2]), cause)
        elif judged := _judge(message):
            gpu = address(message.text)
            found.by_rule.setdefault(judged.rule, []).append(Said(judged, message.text, gpu, chain.cause(judged, gpu)))
        elif not any(text in message.small for text in companions()):
            found.unjudged.append(message)
    return found


def _judge(message: Message) -> Judged | None:
    return next((one for one in rows() if any(fits(message.small, parts) for parts in one.parts)), None)


def address(text: str) -> str:
    """Return the PCI address that a message names, ``0000:01:00``, without its function; "" for none."""
    found = re.search(_ADDRESS, body(text).lower())
    return f"{(found[1] or '0000')[-4:]}:{found[2] or found[3]}" if found else ""


class _Chain:
    """The first failure of each GPU, of which what follows may be the echo; a message may name no GPU ("")."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._explained: dict[tuple[str, str], str] = {}

    def forget(self) -> None:
        self._first.clear()
        self._explained.clear()

    def event(self, gpu: str, xid: str) -> str:
        """Note an Xid, and return the rule that reported what it follows from; "" for none."""
        from gpusetup.doctor.messages.xids import fails_the_gpu  # noqa: PLC0415 - only where the log has one

        where = address(f"{gpu}.0")
        cause = self._explained.get((where, xid)) or self._explained.get(("", xid), "")
        if rule := fails_the_gpu(xid):
            self._first.setdefault(where, cause or rule)
        return cause

    def cause(self, judged: Judged, gpu: str) -> str:
        """Return the rule that reported this GPU's first failure, if the message is an echo; note it else."""
        if judged.row.echo and (first := self._known(gpu)):
            return first
        self._explained.update({(gpu, xid): judged.rule for xid in judged.row.explains})
        if judged.row.state in {"", "error"} and judged.rule not in SECONDARY:
            self._first.setdefault(gpu, judged.rule)
        return ""

    def _known(self, gpu: str) -> str:
        if not gpu:
            return next(iter(self._first.values()), "")
        return self._first.get(gpu) or self._first.get("", "")


SECONDARY = frozenset({"LOG013", "LOG103", "LOG104", "LOG105", "LOG210", "LOG218", "LOG224", "LOG226", "LOG228"})
"""Rules about something else than the health of a GPU or its driver: nothing follows from their messages."""
