"""The dynamic linker's cache, /etc/ld.so.cache, as ``ldconfig`` writes it.

The format that glibc has written alone since 2.32 and beside an older one before: the magic ``glibc-ld.so.cache1.1``,
a header of 48 bytes, then entries of 24 bytes (flags, soname offset, path offset, OS version, hwcap), then strings
that end in NUL. Offsets count from the magic. An older table may come first. Source: glibc's ``dl-cache.h``.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator

MAGIC = b"glibc-ld.so.cache1.1"
HEADER = 48
PATH_MAX = 4096
ENTRY = struct.Struct("=4xII12x")
"""Of an entry its two strings."""


def entries(raw: bytes, beginnings: tuple[bytes, ...] = (b"",)) -> Iterator[tuple[str, str]]:
    """Yield (soname, path) in the linker's order, of the sonames that begin with one of `beginnings`.

    There are thousands of others. A cache that is cut short or damaged yields what can be read.
    """
    start = raw.find(MAGIC)
    if start < 0 or len(raw) < start + HEADER:
        return
    count = int.from_bytes(raw[start + 20 : start + 24], sys.byteorder)
    table = raw[start + HEADER : start + HEADER + count * ENTRY.size]
    whole = len(table) - len(table) % ENTRY.size
    for key, value in ENTRY.iter_unpack(table[:whole]):
        if raw.startswith(beginnings, start + key):
            soname, path = _string(raw, start + key), _string(raw, start + value)
            if soname and path.startswith("/"):
                yield soname, path


def _string(raw: bytes, offset: int) -> str:
    end = raw.find(b"\0", offset, offset + PATH_MAX)
    return raw[offset:end].decode(errors="replace") if 0 <= offset < end else ""
