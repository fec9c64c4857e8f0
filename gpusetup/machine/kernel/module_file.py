"""The nvidia module on disk: version, licence and who signed it, from its own bytes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

from gpusetup.machine.host import Host
from gpusetup.machine.kernel.certificate import common_names
from gpusetup.machine.kernel.unpack import UNPACKERS
from gpusetup.machine.model import ModuleFile, Reading, Unread
from gpusetup.machine.software.elf import read_section, section

SIGNATURE_MAGIC = b"~Module signature appended~\n"
SIGNATURE_INFO = 12  # struct module_signature: its last four bytes are the length, big-endian
SMALL = 8 << 20
"""Bytes of a module of which all is read."""
BIG = 512 << 20
"""Bytes of a big module that are looked at, packed or unpacked; ``nvidia.ko`` has some 120 million."""
SECONDS = 6.0
"""How long a big packed module is unpacked for; ``nvidia.ko.xz`` takes one or two."""
# the section has a few KiB, most of them aliases of PCI ids
MODINFO = 64 << 10
# small enough to stop soon, large enough for the packers
CHUNK = 1 << 20


def read_module_file(host: Host, paths: tuple[str, ...], *, loaded: bool) -> ModuleFile:
    """Return what the module among `paths` (those of one kernel) says of itself.

    All of a driver's modules are built and signed together, so the smallest one speaks for version and signer. Its
    sister modules have another licence, so that one is read from ``nvidia.ko`` itself; where it is packed, that takes a
    second, and is not done while a module is `loaded`, which tells its own.
    """
    main = next(
        (path for path in paths if re.search(r"/nvidia(-current|-tesla(-\d+)?|-legacy-\d+xx)?(-open)?\.ko", path)), ""
    )
    if not main:
        nowhere = Unread(unread="absent", source="/lib/modules", detail="no nvidia module for this kernel")
        return ModuleFile(path=nowhere, version=nowhere, license=nowhere, signer=nowhere)
    # nvidia-peermem has some KiB, nvidia.ko a hundred MiB
    small = min(paths, key=lambda path: _size(host, path))
    raw = _whole(host, small)
    return ModuleFile(
        path=main,
        version=raw if isinstance(raw, Unread) else _entry(section(raw, ".modinfo"), small, "version"),
        license=_license(host, main, loaded=loaded),
        signer=raw if isinstance(raw, Unread) else _signer(raw),
    )


def _size(host: Host, path: str) -> int:
    found = host.stat(path)
    return found.st_size if found else 1 << 60


def _whole(host: Host, path: str) -> Reading[bytes]:
    """Return a small module, unpacked."""
    if path.endswith(".ko"):
        return host.read_bytes(path, SMALL)
    found: list[bytes] = []
    refused = _unpack(host, path, found.append, lambda: sum(map(len, found)) >= SMALL)
    return refused or b"".join(found)


def _license(host: Host, path: str, *, loaded: bool) -> Reading[str]:
    if path.endswith(".ko"):
        return _entry(read_section(host, path, ".modinfo", MODINFO), path, "license")
    if loaded:
        return Unread(unread="unsupported", source=path, detail="packed, and a loaded module tells its own licence")
    search = _TextSearch()
    refused = _unpack(host, path, search.look, lambda: bool(search.found))
    return search.found or refused or Unread(unread="failed", source=path, detail="no license in .modinfo")


class _TextSearch:
    """Looks for the licence in the pieces of a module that is too big to be held whole.

    ``.modinfo`` is a row of ``name=value`` strings that end in NUL; what names a licence elsewhere has no ``vermagic``,
    which every module has, near it.
    """

    def __init__(self) -> None:
        self.found = ""
        self._kept = b""

    def look(self, piece: bytes) -> None:
        self._kept += piece
        for match in re.finditer(rb"\0license=([ -~]{1,100})\0", self._kept):
            around = self._kept[max(0, match.start() - MODINFO) : match.end() + MODINFO]
            if b"\0vermagic=" in around:
                self.found = match[1].decode()
                return
        # what may still belong to a match: MODINFO on either side, and the match
        self._kept = self._kept[-3 * MODINFO :]


def _unpack(host: Host, path: str, take: Callable[[bytes], None], enough: Callable[[], bool]) -> Unread | None:
    """Hand the unpacked pieces of `path` to `take` until it is `enough`; return why it could not be read to there."""
    packer = path.rpartition(".ko")[2]
    unpack = UNPACKERS.get(packer)
    if unpack is None:
        return Unread(unread="unsupported", source=path, detail=f"packed as {packer}")
    end = time.monotonic() + SECONDS
    left = BIG
    try:
        for piece in unpack(_pieces(host, path)):
            take(piece)
            if enough():
                return None
            left -= len(piece)
            if left < 0:  # a bomb: some kilobytes unpack to gigabytes
                return Unread(unread="failed", source=path, detail=f"unpacks to more than {BIG >> 20} MiB")
            if time.monotonic() > end:
                return Unread(unread="timeout", source=path, detail=f"not unpacked within {SECONDS:g} s")
    except UnreadableError as error:
        return error.unread
    except OSError as error:  # the library for it is not here
        return Unread(unread="unsupported", source=path, detail=f"cannot be unpacked: {error}"[:200])
    except Exception as error:  # each packer has an error of its own for a damaged file
        return Unread(unread="failed", source=path, detail=f"cannot be unpacked: {error}"[:200])
    return None


class UnreadableError(Exception):
    """A piece of the file cannot be read."""

    def __init__(self, unread: Unread) -> None:
        super().__init__(unread.source)
        self.unread = unread


def _pieces(host: Host, path: str) -> Iterator[bytes]:
    for start in range(0, BIG, CHUNK):
        piece = host.read_bytes(path, CHUNK, start=start)
        if isinstance(piece, Unread):
            raise UnreadableError(piece)
        if not piece:
            return
        yield piece


def _entry(modinfo: bytes, path: str, name: str) -> Reading[str]:
    """Return the entry `name` of a module's .modinfo: ``name=value`` strings that end in NUL."""
    for entry in modinfo.split(b"\0"):
        if entry.startswith(name.encode() + b"="):
            return entry.partition(b"=")[2].decode(errors="replace")
    return Unread(unread="failed", source=path, detail=f"no {name} in .modinfo")


def _signer(raw: bytes) -> str:
    """Return the issuer in the PKCS#7 signature at the end of the file, "" where there is none."""
    if not raw.endswith(SIGNATURE_MAGIC):
        return ""
    end = len(raw) - len(SIGNATURE_MAGIC) - SIGNATURE_INFO
    length = int.from_bytes(raw[end + SIGNATURE_INFO - 4 : end + SIGNATURE_INFO], "big")
    names = common_names(raw[max(0, end - length) : end])
    return names[0] if names else "unnamed"
