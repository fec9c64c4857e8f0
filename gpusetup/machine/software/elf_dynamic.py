"""The dynamic section of an ELF file: which libraries it needs, and where it lets the dynamic linker look for them.

Only the program headers, the dynamic section and the strings it names are read: libtorch_cuda.so has a gigabyte.
Layout: elf(5), and the System V ABI, chapter *Dynamic Linking*.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import msgspec

from gpusetup.machine.host import Host
from gpusetup.machine.model import Unread
from gpusetup.machine.software.elf import identify

_HEADER = 64
# Elf64_Phdr: type, flags, offset, vaddr, paddr, filesz, memsz, align
_SEGMENT = struct.Struct("<IIQQQQQQ")
_ENTRY = struct.Struct("<qQ")
_LOAD, _DYNAMIC = 1, 2
# DT_* of elf.h
_NEEDED, _STRTAB, _RPATH, _RUNPATH = 1, 5, 15, 29
# linkers write about ten
MOST_SEGMENTS = 64
MOST_ENTRIES = 1 << 12
"""libtorch_cuda.so has about a hundred entries."""
LONGEST_NAME = 512
LONGEST_PATH = 4096
"""PyTorch's RUNPATH names a folder for each of NVIDIA's wheels, a thousand characters."""

Part = Callable[[int, int], bytes]


class Dynamic(msgspec.Struct, frozen=True):
    """What a file asks of the dynamic linker; folders as the file has them, ``$ORIGIN`` not replaced."""

    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()


def read_dynamic(host: Host, path: str, *, owner: int | None = None) -> Dynamic | None:
    """Return the dynamic section of a 64-bit little-endian file; None where there is none or it is damaged.

    `owner` is whose file it has to be (`Host.owner`).
    """

    def part(start: int, length: int) -> bytes:
        raw = host.read_bytes(path, length, start=start, owner=owner) if 0 <= start < 1 << 62 else b""
        return b"" if isinstance(raw, Unread) else raw

    return dynamic(part)


def dynamic(part: Part) -> Dynamic | None:
    """Return the dynamic section of the file that `part` reads from: (start, length) → bytes, fewer at its end."""
    segments = _segments(part)
    table = next((part(one[2], min(one[5], MOST_ENTRIES * _ENTRY.size)) for one in segments if one[0] == _DYNAMIC), b"")
    entries = list(_ENTRY.iter_unpack(table[: len(table) - len(table) % _ENTRY.size]))
    strings = next((value for tag, value in entries if tag == _STRTAB), None)
    base = None if strings is None else _offset(segments, strings)
    if base is None:
        return None
    return Dynamic(
        needed=tuple(_texts(part, base, entries, _NEEDED, LONGEST_NAME)),
        rpath=_folders(_texts(part, base, entries, _RPATH, LONGEST_PATH)),
        runpath=_folders(_texts(part, base, entries, _RUNPATH, LONGEST_PATH)),
    )


def _segments(part: Part) -> list[tuple[int, ...]]:
    head = part(0, _HEADER)
    if len(head) < _HEADER or identify(head)[0] != 64:
        return []
    # Elf64_Ehdr: e_phoff at 0x20, e_phentsize and e_phnum from 0x36
    (at,) = struct.unpack_from("<Q", head, 0x20)
    size, count = struct.unpack_from("<HH", head, 0x36)
    table = part(at, size * count) if size == _SEGMENT.size and count <= MOST_SEGMENTS else b""
    return list(_SEGMENT.iter_unpack(table)) if len(table) == size * count else []


def _offset(segments: list[tuple[int, ...]], address: int) -> int | None:
    """Return where in the file the byte lies that is loaded at `address`."""
    for kind, _, offset, start, _, size, *_ in segments:
        if kind == _LOAD and start <= address < start + size:
            return offset + address - start
    return None


def _texts(part: Part, base: int, entries: list[tuple[int, int]], tag: int, limit: int) -> Iterator[str]:
    for found, value in entries:
        if found == tag:
            text, end, _ = part(base + value, limit).partition(b"\0")
            if end:
                yield text.decode(errors="replace")


def _folders(texts: Iterator[str]) -> tuple[str, ...]:
    return tuple(folder for text in texts for folder in text.split(":") if folder)
