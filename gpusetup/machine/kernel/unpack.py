"""Kernel modules as distributions pack them: xz, gzip or zstd, unpacked in memory up to a limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

LIMIT = 8 << 20
ZSTD = "libzstd.so.1"
_UNKNOWN_SIZE = 1 << 63  # ZSTD_CONTENTSIZE_UNKNOWN and _ERROR are the two highest numbers


def _xz(raw: bytes) -> bytes:
    import lzma  # noqa: PLC0415 - only where modules are packed

    return lzma.LZMADecompressor().decompress(raw, LIMIT)


def _gz(raw: bytes) -> bytes:
    import zlib  # noqa: PLC0415

    return zlib.decompressobj(wbits=31).decompress(raw, LIMIT)


def _zst(raw: bytes) -> bytes:
    """Unpack one frame with the system's own library, which kmod and the package managers bring; raises OSError.

    Python has a module for it from 3.14 on only.
    """
    import ctypes  # noqa: PLC0415

    library = ctypes.CDLL(ZSTD)
    library.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
    library.ZSTD_decompress.restype = ctypes.c_size_t
    size = library.ZSTD_getFrameContentSize(raw, ctypes.c_size_t(len(raw)))
    if size >= _UNKNOWN_SIZE or size > LIMIT:
        raise ValueError("no frame of a known and moderate size")
    room = ctypes.create_string_buffer(size)
    done = library.ZSTD_decompress(room, ctypes.c_size_t(size), raw, ctypes.c_size_t(len(raw)))
    if done != size:
        raise ValueError("the frame is damaged")
    return room.raw


UNPACKERS: Mapping[str, Callable[[bytes], bytes]] = {".xz": _xz, ".gz": _gz, ".zst": _zst}
"""By what follows ``.ko`` in the file's name; each raises an error of its own for a damaged file."""
