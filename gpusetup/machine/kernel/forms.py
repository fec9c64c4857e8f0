"""The forms in which a kernel message is kept, made one: ``[time] text``, or the text alone.

dmesg (plain, ``-T``, ``-x``, ``-e``, coloured), /dev/kmsg and its ``<3>``, syslog of the old and the new kind
(RFC 3164, RFC 5424, ISO dates), systemd's journal (short, short-iso, short-monotonic, json, export), UTF-16 as editors
on Windows save it. The name of the host is left out, and so is what no kernel wrote.
"""

from __future__ import annotations

import codecs
import re

BREAK = b"\\x0a"
"""How /dev/kmsg writes a line break inside a message (Documentation/ABI/testing/dev-kmsg), and so do we."""
# repetitions are possessive: a hostile line must not take longer than it is long
_COLOUR = rb"\x1b\[[0-9;]*+[A-Za-z]"
_PRIORITY = rb"^<\d{1,3}>"
_RECORD = rb"^\d{1,4},\d{1,20},(\d{1,20}),[^;]*+;"
_LEVEL = rb"^[a-z0-9]{2,8} *+:(?:emerg|alert|crit|err|warn|notice|info|debug) *+: ?"
_DATE = rb"(?:[A-Z][a-z]{2} [ \d]\d [\d:.]{8,15}+|\d{4}-\d\d-\d\d[T ][\d:.,Z+-]++)"
_SYSLOG = rb"^(" + _DATE + rb") [^\s\[]\S*+ ([^\s:\[]++)(?:\[\d++\])?+: ?"
_RFC5424 = rb"^1 (\d{4}-\d\d-\d\dT\S++) \S++ (\S++) \S++ \S++ (?:-|\[[^\]]*+\]) ?"
_MONOTONIC = rb"^(\[ *+[\d.]++\]) [^\s:]++ (?=kernel: |\S{1,64}\[\d{1,8}\]: )([^\s:\[]++)(?:\[\d++\])?+: "
"""A program has its process id; without one, ``module nvidia: …`` is the kernel's own text."""
_CLOCK = rb"^\[[ \d+.TC<>]++\]"
KERNEL = b"kernel"


def decoded(raw: bytes) -> bytes:
    """Return what an editor saved as UTF-16 as UTF-8; anything else as it is."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace").encode()
    return raw.removeprefix(codecs.BOM_UTF8)


def message(line: bytes) -> str:
    """Return one line of any of the forms as ``[time] text``; "" where no kernel wrote it."""
    if line.startswith((b"{", b"MESSAGE=")):
        return _of_journal(line)
    if b"\x1b" in line:
        line = re.sub(_COLOUR, b"", line)
    line = line.rstrip().replace(b"#012", BREAK)  # as rsyslog escapes a line break (EscapeControlCharactersOnReceive)
    return _without_head(line).decode(errors="replace")


def _without_head(line: bytes) -> bytes:
    """Return the message without what a logger writes before it; times of the kernel go before those of a logger."""
    line = re.sub(_PRIORITY, b"", line, count=1)
    if record := re.match(_RECORD, line):
        # microseconds, written as printk writes them
        return b"[%12.6f] " % (int(record[1]) / 1e6) + line[record.end() :]
    line = re.sub(_LEVEL, b"", line, count=1)
    found = re.match(_SYSLOG, line) or re.match(_RFC5424, line) or re.match(_MONOTONIC, line)
    if found is None:
        return line.removeprefix(b"kernel: ")
    return _timed(found[1], line[found.end() :]) if found[2] == KERNEL else b""


def _timed(time: bytes, text: bytes) -> bytes:
    text = text.lstrip() if re.match(_CLOCK, text.lstrip()) else text
    if re.match(_CLOCK, text):
        return text
    return (time if time.startswith(b"[") else b"[" + time + b"]") + b" " + text


def _of_journal(line: bytes) -> str:
    """Return a record of ``journalctl -o json``, or the message of one of ``-o export``."""
    if line.startswith(b"MESSAGE="):
        return line[8:].decode(errors="replace")
    import msgspec  # only a log in this form needs it

    try:
        record = msgspec.json.decode(line, type=dict[str, object])
    except msgspec.DecodeError:
        return ""  # a line that was cut off when the log was saved holds no message
    text = record.get("MESSAGE", "")
    if isinstance(text, list):  # of a message that is no UTF-8, journalctl lists the bytes
        text = bytes(one for one in text if isinstance(one, int) and 0 <= one <= 255).decode(errors="replace")
    if record.get("_TRANSPORT", "kernel") != "kernel" or not isinstance(text, str):
        return ""
    return f"{_seconds(record.get('__MONOTONIC_TIMESTAMP'))}{text}".replace("\n", BREAK.decode())


def _seconds(microseconds: object) -> str:
    # 64 bits of microseconds are at most 20 digits (systemd.journal-fields(7), __MONOTONIC_TIMESTAMP)
    known = isinstance(microseconds, str) and microseconds.isdecimal() and len(microseconds) <= 20
    return f"[{int(microseconds) / 1e6:12.6f}] " if known and isinstance(microseconds, str) else ""
