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
ENTRY = struct.Struct("=iIIIQ")


def entries(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield (soname, path) in the linker's order; a cache that is cut short or damaged yields what can be read."""
    start = raw.find(MAGIC)
    if start < 0 or len(raw) < start + HEADER:
        return
    count = int.from_bytes(raw[start + 20 : start + 24], sys.byteorder)
    table = raw[start + HEADER : start + HEADER + count * ENTRY.size]
    whole = len(table) - len(table) % ENTRY.size
    for _flags, key, value, _os_version, _hwcap in ENTRY.iter_unpack(table[:whole]):
        soname, path = _string(raw, start + key), _string(raw, start + value)
        if soname and path.startswith("/"):
            yield soname, path


def _string(raw: bytes, offset: int) -> str:
    end = raw.find(b"\0", offset)
    return raw[offset:end].decode(errors="replace") if 0 <= offset < end else ""
