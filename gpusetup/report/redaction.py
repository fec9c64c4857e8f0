"""Takes out of a report what names a machine or its owner, so that it can be pasted into an issue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import msgspec

from gpusetup.doctor.finding import Finding, Remedy

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Report

V = TypeVar("V")

PATTERNS = (
    (re.compile(r"\b(GPU|MIG)-[0-9a-fA-F][0-9a-fA-F-]{7,}"), r"\1-<uuid>"),
    (re.compile(r"\b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "<uuid>"),
    (re.compile(r"(/home/|/Users/|/var/home/)[^/\s,;:'\"]+"), r"\1<user>"),
    (re.compile(r"\b[\w.+-]+@[\w-]+(\.[\w-]+)+"), "<address>"),
    (re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b(?!\.)"), "<address>"),
    (re.compile(r"(?i)\b(serial(?: number)?|hostname|host|user|login)\s*[:=]\s*\S+"), r"\1: <redacted>"),
)


def redacted(report: Report) -> Report:
    """Return `report` without UUIDs, serial numbers, host and user names, addresses and home folders."""
    return msgspec.structs.replace(
        report,
        machine=_clean(report.machine),
        frameworks=tuple(map(_clean, report.frameworks)),
        findings=tuple(_finding(one) for one in report.findings),
    )


def _finding(one: Finding) -> Finding:
    remedy = one.remedy and Remedy(text=_clean(one.remedy.text), commands=tuple(map(_clean, one.remedy.commands)))
    return msgspec.structs.replace(
        one,
        subject=_clean(one.subject),
        summary=_clean(one.summary),
        evidence=tuple(map(_clean, one.evidence)),
        remedy=remedy,
        silenced=_clean(one.silenced),
    )


def _clean(text: str) -> str:
    for pattern, instead in PATTERNS:
        text = pattern.sub(instead, text)
    return text
