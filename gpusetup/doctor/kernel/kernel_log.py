"""The kernel's messages, each on one line: what the rules over the log look at."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from gpusetup.doctor.once import once
from gpusetup.doctor.rule import known
from gpusetup.doctor.table import read_table
from gpusetup.machine.model import Machine

LOG_READABLE = "LOG001"
DRIVER_SOURCE = "github.com/NVIDIA/open-gpu-kernel-modules, tags 535.288.01 to 595.45.04 (messages of the driver)"
_COLOUR = "\x1b\\[[0-9;]*[A-Za-z]"
_BREAK = r"(?:\\x0a|#012) *+(?:NVRM: *+)?"
"""How /dev/kmsg and rsyslog write a line break inside a message."""
_NVRM = "NVRM: "


class Message(msgspec.Struct, frozen=True):
    """One message of the kernel: on one line, without colours; and in small letters."""

    text: str
    small: str


@once
def messages(machine: Machine) -> tuple[Message, ...]:
    """Return the kernel's messages, the oldest first; raises `UnreadError` where they cannot be read."""
    return tuple(Message(line, line.lower()) for line in plain_lines(known(machine.system.kernel.log)))


@once
def _whole(machine: Machine) -> str:
    return "\n".join(one.small for one in messages(machine))


def plain_lines(log: tuple[str, ...]) -> list[str]:
    """Return the lines of `log` without colours and returns, and with those that go on joined to the one before.

    ``dmesg --color=always`` colours, Windows' editors add returns, and the driver breaks its longer messages: dmesg
    gives each further line the time and ``NVRM:`` of the first, journalctl only indents it.
    """
    found: list[str] = []
    for line in map(_plain, log):
        more = _further(found[-1], line) if found else None
        if more is None:
            found.append(line)
        else:
            found[-1] += f" {more}"
    return found


def _plain(line: str) -> str:
    if "\x1b" in line:
        line = re.sub(_COLOUR, "", line)
    if "\\x0a" in line or "#012" in line:
        line = re.sub(_BREAK, " ", line)
    return line.rstrip()


@cache
def _breaks() -> tuple[str, ...]:
    return read_table("messages/breaks", tuple[str, ...])


def _further(before: str, line: str) -> str | None:
    """Return what `line` adds to the message `before`; None where it is a message of its own."""
    head, mark, text = line.partition(_NVRM)
    if not mark or _NVRM not in before:
        return None
    if head.isspace():  # as journalctl shows a line break
        return text
    same = before.partition(_NVRM)[0] == head
    return text if same and text.lstrip().lower().startswith(_breaks()) else None


def lines(machine: Machine, *texts: str) -> list[str]:
    """Return the kernel's messages that hold one of `texts` (capital or small letters), the oldest first."""
    small = [text.lower() for text in texts]
    whole = _whole(machine)  # nearly always nothing is found, and one look at the whole says so
    if not any(text in whole for text in small):
        return []
    return [one.text for one in messages(machine) if any(text in one.small for text in small)]
