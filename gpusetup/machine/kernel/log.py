"""The kernel's messages that concern a GPU."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable

from gpusetup.machine.host import Host, unread
from gpusetup.machine.kernel.forms import decoded, message
from gpusetup.machine.kernel.journal import has_journal, read_journal
from gpusetup.machine.model import Reading, Unread

DEVICE = "/dev/kmsg"
# dmesg first, which has one start alone; then the kernel's own file before those with everything
FILES = ("/var/log/dmesg", "/var/log/kern.log", "/var/log/messages", "/var/log/syslog")
JOURNAL = "/var/log/journal"
MOST_FIRST, MOST_LAST = 100, 400
"""Of very many messages the first failure is the cause, and the last ones are what is wrong now."""
# the rule names one; the others say how often, for a person
MOST_EARLIER = 100
# no record is longer: CONSOLE_EXT_LOG_MAX was 8192, and PRINTK_MESSAGE_MAX, which replaced it, is 2048
RECORD = 8192
# the largest ring buffer (log_buf_len) holds fewer; a bound for a kernel that logs as fast as we read
MANY_RECORDS = 100_000
# the end of the file: some thirty thousand lines
FILE_LIMIT = 4 << 20
_OF_INTEREST = (
    b"nvrm", b"nvidia", b"nouveau", b"nova-core", b"nova_core", b"sxid", b"xserver_misc",
    b"module verification failed", b"key was rejected", b"required key not available", b"is rejected",
    b"disagrees about version", b"lockdown:", b"aer:", b"pcie bus error", b"available pcie bandwidth",
    b"failed to assign", b"can't assign", b"insufficient power on the pcie", b"soft lockup", b"blocked for more than",
    b"in libnccl", b"in libcuda", b"pm: suspend exit", b"pm: hibernation: resume failed", b"avc:  denied",
    b"dmar: [", b"io_page_fault", b"can't reserve", b"change power state", b"no space for", b"gpl-only symbol",
    b"failed to validate module", b"; giving up", b"exports duplicate symbol",
    b"peer_mem:",
)  # fmt: skip
"""In small letters; words are found ten times faster than one pattern of them all."""
_ECHO = b"command line"  # it echoes the arguments, which can name disks and keys


def read_kernel_log(host: Host) -> Reading[tuple[str, ...]]:
    """Return the messages since boot: of the kernel itself, of a logger's files, or of systemd's journal."""
    if host.live:
        try:
            return tuple(map(_as_line, _kept(_records())))
        except OSError as error:
            refused = unread(DEVICE, error)
    else:
        refused = Unread(unread="absent", source=FILES[0], detail="no kernel log in this folder")
    for path in FILES:
        raw = host.read_bytes(path, FILE_LIMIT, end=True)
        if not isinstance(raw, Unread):
            lines = decoded(raw).splitlines()
            return tuple(filter(None, map(message, _kept(lines[_this_start(lines) :]))))
    if has_journal(host):
        told = read_journal(host, 0)
        return told if isinstance(told, Unread) else tuple(line.decode(errors="replace") for line in _kept(told))
    return refused


def read_earlier_log(host: Host, *, deep: bool = False) -> Reading[tuple[str, ...]]:
    """Return the lines with an Xid of the starts before this one, from the files in which a logger keeps them.

    Systemd's journal is looked into, for the last of them, only when asked (`deep`): a long one takes its time.
    """
    refused = Unread(unread="absent", source=FILES[1], detail="no log of earlier starts is kept as text")
    if has_journal(host):
        refused = Unread(unread="unsupported", source=JOURNAL, detail="binary: gpusetup doctor --deep looks into it")
    for path in FILES[1:]:
        raw = host.read_bytes(path, FILE_LIMIT, end=True)
        if not isinstance(raw, Unread):
            text = decoded(raw)
            if b"NVRM: Xid" not in text:
                return ()
            lines = text.splitlines()
            return _with_xid(lines[: _this_start(lines)])
        if raw.unread != "absent":
            refused = raw
    if deep and has_journal(host):
        told = read_journal(host, -1)
        return told if isinstance(told, Unread) else _with_xid(told)
    return refused


def _with_xid(lines: list[bytes]) -> tuple[str, ...]:
    told = [line for line in lines if b"NVRM: Xid" in line]
    return tuple(filter(None, map(message, told[-MOST_EARLIER:])))


def _this_start(lines: list[bytes]) -> int:
    """Return the number of the line with which the kernel that runs now began, 0 where none did."""
    return max((number for number, line in enumerate(lines) if b"Linux version " in line), default=0)


def _records() -> list[bytes]:
    """Return the records as they are: ``priority,sequence,microseconds,flags;text`` and further lines."""
    found: list[bytes] = []
    handle = os.open(DEVICE, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        while len(found) < MANY_RECORDS:
            try:
                found.append(os.read(handle, RECORD))
            except BlockingIOError:  # the end
                break
            except OSError as error:
                if error.errno not in {errno.EPIPE, errno.EINVAL}:  # overwritten while we read, or longer than a record
                    raise
    finally:
        os.close(handle)
    return found


def _as_line(record: bytes) -> str:
    """Return ``[seconds] text`` of a record."""
    head, _, text = record.decode(errors="replace").partition(";")
    return f"[{int(head.split(',')[2]) / 1e6:12.6f}] {text.splitlines()[0] if text else ''}"


def _kept(lines: Iterable[bytes]) -> list[bytes]:
    """Return the lines that matter; one look at the whole says which words there are to look for."""
    lines = list(lines)
    whole = b"\n".join(lines).lower()
    words = [word for word in _OF_INTEREST if word in whole]
    lowered = ((line, line.lower()) for line in (lines if words else ()))
    found = [line for line, low in lowered if any(word in low for word in words) and _ECHO not in low]
    return found if len(found) <= MOST_FIRST + MOST_LAST else found[:MOST_FIRST] + found[-MOST_LAST:]
