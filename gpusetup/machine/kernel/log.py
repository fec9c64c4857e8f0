"""The kernel's messages that concern a GPU."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator

from gpusetup.machine.host import Host, unread
from gpusetup.machine.model import Reading, Unread

DEVICE = "/dev/kmsg"
FILES = ("/var/log/dmesg", "/var/log/kern.log", "/var/log/messages")
JOURNAL = "/var/log/journal"
MOST = 500
MOST_EARLIER = 100
RECORD = 8192  # a record is never longer (CONSOLE_EXT_LOG_MAX)
MANY_RECORDS = 100_000
FILE_LIMIT = 4 << 20
_OF_INTEREST = (
    "nvrm", "nvidia", "nouveau", "nova-core", "nova_core", "sxid", "xserver_misc", "module verification failed",
    "key was rejected", "required key not available", "is rejected", "disagrees about version", "lockdown:", "aer:",
    "pcie bus error", "available pcie bandwidth", "failed to assign", "can't assign", "insufficient power on the pcie",
    "soft lockup", "blocked for more than", "in libnccl", "in libcuda", "pm: suspend exit", "avc:  denied",
)  # fmt: skip
"""In small letters; words are found ten times faster than one pattern of them all."""
_ECHO = "command line"  # it echoes the arguments, which can name disks and keys
_FILE_TIME = re.compile(r"^.*?kernel: *(?=\[)")


def read_kernel_log(host: Host) -> Reading[tuple[str, ...]]:
    """Return the last messages since boot: of the kernel itself, or of the files in which a logger keeps them."""
    if host.live:
        try:
            return _last(_records())
        except OSError as error:
            refused = unread(DEVICE, error)
    else:
        refused = Unread(unread="absent", source=FILES[0], detail="no kernel log in this folder")
    for path in FILES:
        raw = host.read_bytes(path, FILE_LIMIT, end=True)
        if not isinstance(raw, Unread):
            lines = raw.decode(errors="replace").splitlines()
            return _last(_FILE_TIME.sub("", line) for line in lines[_this_start(lines) :])
    return refused


def read_earlier_log(host: Host) -> Reading[tuple[str, ...]]:
    """Return the lines with an Xid of the starts before this one, from the files in which a logger keeps them."""
    refused = Unread(unread="absent", source=FILES[1], detail="no log of earlier starts is kept as text")
    if host.exists(JOURNAL):
        refused = Unread(unread="unsupported", source=JOURNAL, detail="binary: `journalctl -k -b -1` shows it")
    for path in FILES[1:]:
        raw = host.read_bytes(path, FILE_LIMIT, end=True)
        if not isinstance(raw, Unread):
            if b"NVRM: Xid" not in raw:
                return ()
            lines = raw.decode(errors="replace").splitlines()
            return tuple(line for line in lines[: _this_start(lines)] if "NVRM: Xid" in line)[-MOST_EARLIER:]
        if raw.unread != "absent":
            refused = raw
    return refused


def _this_start(lines: list[str]) -> int:
    """Return the number of the line with which the kernel that runs now began, 0 where none did."""
    return max((number for number, line in enumerate(lines) if "Linux version " in line), default=0)


def _records() -> Iterator[str]:
    """Yield ``[seconds] text`` of each record: ``priority,sequence,microseconds,flags;text`` and further lines."""
    handle = os.open(DEVICE, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        for _ in range(MANY_RECORDS):
            try:
                raw = os.read(handle, RECORD)
            except BlockingIOError:  # the end
                return
            except OSError as error:
                if error.errno in {errno.EPIPE, errno.EINVAL}:  # overwritten while we read, or longer than a record
                    continue
                raise
            head, _, text = raw.decode(errors="replace").partition(";")
            seconds = int(head.split(",")[2]) / 1e6
            yield f"[{seconds:12.6f}] {text.splitlines()[0] if text else ''}"
    finally:
        os.close(handle)


def _last(lines: Iterator[str]) -> tuple[str, ...]:
    lowered = ((line, line.lower()) for line in lines)
    kept = [line for line, low in lowered if any(word in low for word in _OF_INTEREST) and _ECHO not in low]
    return tuple(kept[-MOST:])
