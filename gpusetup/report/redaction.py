"""Takes out of a report what names a machine or its owner, so that it can be pasted into an issue."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Report

OURS = {"version", "gpusetup", "rule", "state", "caused_by", "source", "fix"}
"""Fields that hold words of ours and none of the host's."""
COMMON = {"", "root", "localhost", "user", "ubuntu", "fedora", "debian", "docker", "linux", "gpu", "nvidia", "cuda"}
SHORTEST = 3

PATTERNS = (
    (re.compile(r"\b(GPU|MIG)-[0-9a-fA-F][0-9a-fA-F-]{7,}"), r"\1-<uuid>"),
    (re.compile(r"\b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "<uuid>"),
    (re.compile(r"(/home/|/Users/|/var/home/)[^/\s,;:'\"]+"), r"\1<user>"),
    (re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+"), "<address>"),
    (re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b(?!\.)"), "<address>"),
    (re.compile(r"(?i)\b(serial(?: number)?|hostname|host|user|login)\s*[:=]\s*\S+"), r"\1: <redacted>"),
)


def redacted(report: Report, names: Iterable[str] = ()) -> Report:
    """Return `report` without UUIDs, serial numbers, host and user names, addresses and home folders.

    `names` are those of this host and user, which no pattern could know; they are taken out wherever they stand alone.
    """
    own = [(re.compile(rf"(?<!\w){re.escape(name)}(?!\w)"), "<name>") for name in names if len(name) >= SHORTEST]
    cleaned: Report = _clean(report, (*PATTERNS, *own))
    return cleaned


def own_names() -> tuple[str, ...]:
    """Return what this host and its user are called, but for names that half of all hosts and users have."""
    host = os.uname().nodename
    found = {host, host.partition(".")[0], *(os.environ.get(name, "") for name in ("USER", "LOGNAME", "SUDO_USER"))}
    return tuple(sorted(found - COMMON, key=len, reverse=True))


def _clean(value: Any, patterns: Sequence[tuple[re.Pattern[str], str]]) -> Any:
    """Return `value` with every text in it cleaned; names of rules and states are no text of the host's."""
    if isinstance(value, str):
        for pattern, instead in patterns:
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, tuple):
        return tuple(_clean(one, patterns) for one in value)
    if isinstance(value, dict):
        return {name: _clean(one, patterns) for name, one in value.items()}
    if isinstance(value, msgspec.Struct):
        told = {name: getattr(value, name) for name in value.__struct_fields__ if name not in OURS}
        return msgspec.structs.replace(value, **{name: _clean(one, patterns) for name, one in told.items()})
    return value
