"""The nvidia module on disk: version, licence and who signed it, from its own bytes."""

from __future__ import annotations

import re

from gpusetup.machine.host import Host
from gpusetup.machine.kernel.certificate import common_names
from gpusetup.machine.kernel.unpack import LIMIT, UNPACKERS
from gpusetup.machine.model import ModuleFile, Reading, Unread
from gpusetup.machine.software.elf import section

SIGNATURE_MAGIC = b"~Module signature appended~\n"
SIGNATURE_INFO = 12  # struct module_signature: its last four bytes are the length, big-endian
PACKED_LIMIT = 1 << 20


def read_module_file(host: Host, paths: tuple[str, ...]) -> ModuleFile:
    """Return what the module among `paths` (those of one kernel) says of itself.

    All of a driver's modules are built and signed together, so the smallest one speaks for version and signer:
    unpacking ``nvidia.ko.xz`` itself would take a second. Only of an unpacked ``nvidia.ko`` is the licence known; its
    sister modules have another.
    """
    main = next((path for path in paths if re.search(r"/nvidia(-current|-open)?\.ko", path)), "")
    if not main:
        nowhere = Unread(unread="absent", source="/lib/modules", detail="no nvidia module for this kernel")
        return ModuleFile(path=nowhere, version=nowhere, license=nowhere, signer=nowhere)
    small = min(paths, key=lambda path: _size(host, path))
    raw = _unpacked(host, small)
    return ModuleFile(
        path=main,
        version=raw if isinstance(raw, Unread) else _entry(raw, small, "version"),
        license=_license(host, main),
        signer=raw if isinstance(raw, Unread) else _signer(raw),
    )


def _size(host: Host, path: str) -> int:
    found = host.stat(path)
    return found.st_size if found else 1 << 60


def _unpacked(host: Host, path: str) -> Reading[bytes]:
    packer = path.rpartition(".ko")[2]
    raw = host.read_bytes(path, PACKED_LIMIT if packer else LIMIT)
    if isinstance(raw, Unread) or not packer:
        return raw
    unpack = UNPACKERS.get(packer)
    if unpack is None:
        return Unread(unread="unsupported", source=path, detail=f"packed as {packer}")
    try:
        return unpack(raw)
    except OSError as error:  # the library for it is not here
        return Unread(unread="unsupported", source=path, detail=f"cannot be unpacked: {error}"[:200])
    except Exception as error:  # each packer has an error of its own for a damaged file
        return Unread(unread="failed", source=path, detail=f"cannot be unpacked: {error}"[:200])


def _entry(raw: bytes, path: str, name: str) -> Reading[str]:
    """Return the entry `name` of the module's .modinfo: ``name=value`` strings that end in NUL."""
    for entry in section(raw, ".modinfo").split(b"\0"):
        if entry.startswith(name.encode() + b"="):
            return entry.partition(b"=")[2].decode(errors="replace")
    return Unread(unread="failed", source=path, detail=f"no {name} in .modinfo")


def _license(host: Host, path: str) -> Reading[str]:
    if not path.endswith(".ko"):
        return Unread(unread="unsupported", source=path, detail="packed, and too big to unpack for this")
    raw = host.read_bytes(path, 256 << 20)
    return raw if isinstance(raw, Unread) else _entry(raw, path, "license")


def _signer(raw: bytes) -> str:
    """Return the issuer in the PKCS#7 signature at the end of the file, "" where there is none."""
    if not raw.endswith(SIGNATURE_MAGIC):
        return ""
    end = len(raw) - len(SIGNATURE_MAGIC) - SIGNATURE_INFO
    length = int.from_bytes(raw[end + SIGNATURE_INFO - 4 : end + SIGNATURE_INFO], "big")
    names = common_names(raw[max(0, end - length) : end])
    return names[0] if names else "unnamed"
