"""GPU code in a library: the architectures that its fat binaries hold machine code and PTX for.

The format has no public specification. This is what the libraries of CUDA 9 to 13 hold, and what others found as well
(github.com/GrigoryEvko/nvopen-tools: fatbin/FORMAT_SPECIFICATION.md): a fat binary has a header of 16 bytes and then
entries, each a header of 64 bytes or more and its code; it starts at a multiple of 8. Sections are not asked for: they
are listed at the very end of a file of which perhaps only the beginning was fetched.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from mmap import mmap
from typing import NamedTuple

from gpusetup.versions import capability

MAGIC = struct.pack("<IHH", 0xBA55ED50, 1, 16)
_HEADER = struct.Struct("<8sQ")
_ENTRY = struct.Struct("<HHIQIIHHIIIQ")
_PTX, _CUBIN = 1, 2
_OF_ONE = 1 << 20
"""The flag of code for one architecture alone, ``sm_90a``."""
_OF_FAMILY = 1 << 21
"""The flag of code for a family, ``sm_103f``."""


class GpuCode(NamedTuple):
    """What the fat binaries of a library hold, each architecture with the number of fat binaries that have it."""

    binaries: int = 0
    cubin: dict[str, int] = {}  # noqa: RUF012 - a default that nobody changes
    ptx: dict[str, int] = {}  # noqa: RUF012

    def cc(self) -> tuple[str, ...]:
        """Return the capabilities whose machine code every fat binary has: what the library as a whole runs on."""
        return tuple(cc for cc, count in self.cubin.items() if count == self.binaries)

    def partly(self) -> tuple[str, ...]:
        """Return those that only some have: special kernels, which other cards do without."""
        return tuple(cc for cc, count in self.cubin.items() if count < self.binaries)


def gpu_code(data: mmap | bytes) -> GpuCode:
    """Return the GPU code in a library, or in the beginning of one."""
    found = [Counter(set(one)) for one in _binaries(data)]
    total: Counter[tuple[int, str]] = sum(found, Counter())
    order = sorted(total, key=lambda each: capability(each[1]))
    return GpuCode(
        len(found),
        {cc: total[kind, cc] for kind, cc in order if kind == _CUBIN},
        {cc: total[kind, cc] for kind, cc in order if kind == _PTX},
    )


def _binaries(data: mmap | bytes) -> Iterator[list[tuple[int, str]]]:
    """Yield kind and capability of each entry, for each fat binary that is there as a whole."""
    at = data.find(MAGIC)
    while at >= 0:
        end = at + _HEADER.size + int(_HEADER.unpack_from(data, at)[1]) if at + _HEADER.size <= len(data) else 0
        if at % 8 or not at < end <= len(data):
            at = data.find(MAGIC, at + 1)  # the bytes of something else, or one that was cut off
            continue
        if entries := list(_entries(data, at + _HEADER.size, end)):
            yield entries
        at = data.find(MAGIC, end)


def _entries(data: mmap | bytes, at: int, end: int) -> Iterator[tuple[int, str]]:
    while at + _ENTRY.size <= end:
        kind, _, header, size, _, _, _, _, arch, _, _, flags = _ENTRY.unpack_from(data, at)
        if header < 64 or at + header + size > end:
            return
        if kind in (_PTX, _CUBIN):
            yield kind, _capability(arch, flags)
        at += header + size


def _capability(arch: int, flags: int) -> str:
    suffix = "a" if flags & _OF_ONE else "f" if flags & _OF_FAMILY else ""
    return f"{arch // 10}.{arch % 10}{suffix}"
