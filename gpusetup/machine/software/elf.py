"""The little we need of the ELF format: whose code a file holds, and one section of a small one."""

from __future__ import annotations

import struct
from typing import Literal

from gpusetup.machine.host import Host
from gpusetup.machine.model import Unread

# EM_* of elf.h, by the names that uname -m gives
MACHINES = {3: "i686", 21: "ppc64le", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
Bits = Literal[0, 32, 64]
_HEADER = 64
# Elf64_Shdr: name, type, flags, addr, offset, size, link, info, addralign, entsize
_SECTION = struct.Struct("<II4Q2I2Q")


def identify(head: bytes) -> tuple[Bits, str]:
    """Return the class (32, 64, 0 for no ELF file) and machine from the first 20 bytes of a little-endian file."""
    if len(head) < 20 or not head.startswith(b"\x7fELF"):
        return 0, ""
    bits: Bits = 32 if head[4] == 1 else 64 if head[4] == 2 else 0
    return bits, MACHINES.get(int.from_bytes(head[18:20], "little"), "")


def section(raw: bytes, name: str) -> bytes:
    """Return the section `name` of a 64-bit little-endian file, empty when there is none or the file is damaged."""
    if len(raw) < _HEADER or identify(raw)[0] != 64:
        return b""
    # Elf64_Ehdr: e_shoff at 0x28, e_shentsize, e_shnum and e_shstrndx from 0x3a
    (table,) = struct.unpack_from("<Q", raw, 0x28)
    size, count, names_index = struct.unpack_from("<HHH", raw, 0x3A)
    if size != _SECTION.size or table + size * count > len(raw) or names_index >= count:
        return b""
    headers = [_SECTION.unpack_from(raw, table + size * index) for index in range(count)]
    names_at = headers[names_index][4]
    wanted = name.encode() + b"\0"
    for head in headers:
        if raw.startswith(wanted, names_at + head[0]):
            return raw[head[4] : head[4] + head[5]]
    return b""


def read_section(host: Host, path: str, name: str, limit: int, *, owner: int | None = None) -> bytes:
    """Return at most `limit` bytes of a section of a big 64-bit file, of which nothing else is read; empty as above.

    `owner` is whose file it has to be (`Host.owner`).
    """

    def part(start: int, length: int) -> bytes:
        raw = host.read_bytes(path, length, start=start, owner=owner) if 0 <= start < 1 << 62 else b""
        return b"" if isinstance(raw, Unread) else raw

    head = part(0, _HEADER)
    if len(head) < _HEADER or identify(head)[0] != 64:
        return b""
    (table_at,) = struct.unpack_from("<Q", head, 0x28)
    size, count, names_index = struct.unpack_from("<HHH", head, 0x3A)
    table = part(table_at, _SECTION.size * count)
    if size != _SECTION.size or len(table) < size * count or names_index >= count:
        return b""
    headers = list(_SECTION.iter_unpack(table))
    names = part(headers[names_index][4], min(headers[names_index][5], 1 << 16))
    found = next((one for one in headers if names.startswith(name.encode() + b"\0", one[0])), None)
    return part(found[4], min(found[5], limit)) if found else b""
