"""Xids: NVIDIA's catalogues (``xid.json``), NVLink's sub-codes (``nvlink.json``), the action that an Xid 154 names."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from gpusetup.doctor.kernel.kernel_log import messages
from gpusetup.doctor.messages.said import XID
from gpusetup.doctor.once import once
from gpusetup.doctor.table import read_table
from gpusetup.machine.model import Machine

RECOVERY, REMOVED = "154", "45"
"""The recovery action changed; work was removed after an earlier Xid, which the message may name."""
FAILS = {"lost": "XID001", "reset": "XID002", "memory": "XID003", "power": "XID005"}
"""The rules of the groups after which a GPU does not work until something is done: later messages may be their echo."""
REPORTERS = FAILS | {"nvlink": "XID004", "software": "XID006"}
NVLINK5 = frozenset(map(str, range(144, 151)))
_ACTION = r"(?i)recovery action changed from \w{1,20}(?: \([^()]{0,80}\))? to 0x([0-9a-f]{1,8})(?: \(([^()]{0,80})\))?"
_LINK = (
    r"\b([A-Z]{2,6}(?:_[A-Z0-9]{2,8}){0,3}) ((?:Link )?(?:Non-?)?[Ff]atal)\b.{0,40}?"
    r"\(0x([0-9a-f]{1,8}) 0x([0-9a-f]{1,8})"
)
_PREVIOUS = r"caused by previous Xid (\d{1,5})"


class Xid(msgspec.Struct, frozen=True):
    """What the catalogues say of one number; `older` is what it meant on Volta and older GPUs, "" for the same."""

    group: str
    means: str
    older: str = ""


class Event(msgspec.Struct, frozen=True):
    """One Xid message: the GPU as the driver names it, the number, the line."""

    gpu: str
    number: str
    line: str


@cache
def table() -> dict[str, Xid]:
    """Return number → what it means; read only where the log has an Xid."""
    rows = read_table("messages/xid", dict[str, Xid])
    rows.pop("")  # the sources
    return rows


@once
def events(machine: Machine) -> dict[tuple[str, str], list[str]]:
    """Return the Xid messages of the kernel log by GPU and number, the first of each first."""
    found: dict[tuple[str, str], list[str]] = {}
    for message in messages(machine):
        if "xid (" in message.small and (said := re.search(XID, message.text)):
            found.setdefault((said[1].lower(), said[2]), []).append(message.text)
    for gpu, number in list(found):  # the cause that an Xid 45 names may no longer be in the log itself
        for line in found[gpu, number] if number == REMOVED else ():
            if (cause := previous(line)) and (gpu, cause) not in found:
                found[gpu, cause] = [line]
    return found


def reporter(number: str) -> str:
    """Return the rule that reports an Xid of this number, "" for one that no table has or that is only a note."""
    return REPORTERS.get(table()[number].group, "") if number in table() else ""


def fails_the_gpu(number: str) -> str:
    """Return the rule that reports this Xid, if the GPU does not work after it; else ""."""
    return FAILS.get(table()[number].group, "") if number in table() else ""


def action(line: str) -> tuple[int, str]:
    """Return the action that an Xid 154 asks for, and its name in the message; 0 for none."""
    said = re.search(_ACTION, line)
    return (int(said[1], 16), said[2] or f"action {int(said[1], 16)}") if said else (0, "")


def asked(machine: Machine, gpu: str) -> tuple[int, str, str]:
    """Return the action that the newest Xid 154 of this GPU asks for, its name, and the message; 0 for none."""
    lines = events(machine).get((gpu, RECOVERY), [])
    return (*action(lines[-1]), lines[-1]) if lines else (0, "", "")


def previous(line: str) -> str:
    """Return the Xid that an Xid 45 names as its cause, "" for none."""
    found = re.search(_PREVIOUS, line)
    return found[1] if found else ""


@cache
def _units() -> dict[str, dict[str, str]]:
    return read_table("messages/nvlink", dict[str, dict[str, str]])


def link_action(line: str) -> str:
    """Return what an Xid 144 to 150 asks for: ``none``, ``154`` (what that Xid names), ``reset``; "" where unknown.

    The unit and the error status decide, of a link that went down the sub-code in bits 20 to 25 of the first word;
    what the table does not have is judged by the word itself, since *Nonfatal* is no reason to reset.
    """
    found = re.search(_LINK, line)
    if found is None:
        return ""
    unit, word, info, status = found.groups()
    sub = f"sub {int(info, 16) >> 20 & 0x3F}" if unit.startswith("NETIR_LINK") else f"{int(status, 16):#x}"
    known = _units().get(unit, {}).get(sub, "")
    return known or ("none" if word.lower().startswith("non") else "reset")


def link_words(line: str) -> str:
    """Return unit, severity and link of an NVLink error, ``RLW_SRC_TRACK Nonfatal XC1 i0 Link 05``; "" without."""
    found = re.search(_LINK, line)
    return line[found.start() : line.find("(", found.start())].strip() if found else ""
