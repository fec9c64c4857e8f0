"""The C library and its version."""

from __future__ import annotations

import os
import re

from gpusetup.machine.host import Host
from gpusetup.machine.model import Reading, Unread

PLACES = ("/lib64", "/usr/lib64", "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib", "/usr/lib")
LIBRARY_LIMIT = 4 << 20


def read_libc(host: Host) -> Reading[str]:
    """Return ``glibc 2.36`` or ``musl``: of this process, or as the library in the folder says in its own bytes."""
    if host.live:
        try:
            return os.confstr("CS_GNU_LIBC_VERSION") or "unnamed"
        except (ValueError, OSError):  # not glibc
            pass
    if host.glob("/lib/ld-musl-*"):
        return "musl"
    path = next((path for path in (f"{place}/libc.so.6" for place in PLACES) if host.exists(path)), "")
    if not path:
        return Unread(unread="absent", source="libc.so.6", detail="in none of the usual places")
    raw = host.read_bytes(path, LIBRARY_LIMIT)
    if isinstance(raw, Unread):
        return raw
    named = re.search(rb"stable release version (\d+\.\d+)", raw) or re.search(rb"/libc-(\d+\.\d+)\.so$", path.encode())
    return f"glibc {named[1].decode()}" if named else Unread(unread="failed", source=path, detail="does not say")
