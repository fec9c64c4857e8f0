"""The numbers in the driver's messages by name: NV_STATUS, and the stage at which a GPU failed to initialise."""

from __future__ import annotations

import re
from functools import cache

from gpusetup.doctor.table import read_table

_INIT = r"\(0x([0-9a-f]{1,8}):0x([0-9a-f]{1,8}):"
_NAME = r"\[(NV_[A-Z0-9_]{3,60})\]"


@cache
def _words() -> dict[str, dict[str, str]]:
    return read_table("messages/words", dict[str, dict[str, str]])


def words(group: str) -> dict[str, str]:
    """Return a group of ``words.json``; what each is, and its source, stands in that file."""
    return _words()[group]


@cache
def _names() -> dict[str, str]:
    return read_table("messages/status", dict[str, str])


def status_name(code: int) -> str:
    """Return ``NV_ERR_TIMEOUT``, or the number where no name is known."""
    return _names().get(str(code), f"status {code:#x}")


def status_words(code: int) -> str:
    """Return ``time ran out (NV_ERR_TIMEOUT)``."""
    return _with_name(status_name(code))


def _with_name(name: str) -> str:
    meaning = words("statuses").get(name)
    return f"{meaning} ({name})" if meaning else name


def init_words(line: str) -> str:
    """Return what the triple of a failed RmInitAdapter says: ``while …: …``; "" where it has none."""
    found = re.search(_INIT, line, re.IGNORECASE)
    if found is None:
        return ""
    stage, status = int(found[1], 16), int(found[2], 16)
    return f" while {words('stages').get(hex(stage), f'at stage {stage:#x}')}: {status_words(status)}"


def status_at(line: str, around: str) -> str:
    """Return the words for the status that stands at the ``%`` of `around`; "" for none or success."""
    before = around.lower().partition("%")[0]
    at = line.lower().rfind(before)
    found = re.match(r"[0-9a-fA-F]{1,8}", line[at + len(before) :]) if at >= 0 else None
    code = int(found[0], 16) if found else 0
    return f": {status_words(code)}" if code else ""


def named_status(line: str) -> str:
    """Return the words for a status that a message gives by name, as assertions do; "" for none."""
    found = re.search(_NAME, line)
    return f": {_with_name(found[1])}" if found else ""
