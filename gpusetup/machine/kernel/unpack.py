"""Kernel modules as distributions pack them: xz, gzip or zstd, unpacked in memory piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

PIECE = 1 << 20
"""The most that is held of what was unpacked."""
ZSTD = "libzstd.so.1"
TOO_EARLY = "it ends too early"

Unpacker = Callable[[Iterable[bytes]], Iterator[bytes]]


def _xz(packed: Iterable[bytes]) -> Iterator[bytes]:
    import lzma  # only where modules are packed

    unpacker = lzma.LZMADecompressor()
    for piece in packed:
        yield unpacker.decompress(piece, PIECE)
        while not unpacker.needs_input and not unpacker.eof:
            yield unpacker.decompress(b"", PIECE)
        if unpacker.eof:
            return
    raise ValueError(TOO_EARLY)


def _gz(packed: Iterable[bytes]) -> Iterator[bytes]:
    import zlib

    # 15 bits of window, and 16 for "with a gzip header" (zlib manual, inflateInit2)
    unpacker = zlib.decompressobj(wbits=31)
    for piece in packed:
        yield unpacker.decompress(piece, PIECE)
        while unpacker.unconsumed_tail and not unpacker.eof:
            yield unpacker.decompress(unpacker.unconsumed_tail, PIECE)
        if unpacker.eof:
            return
    raise ValueError(TOO_EARLY)


def _zst(packed: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack one frame with the system's own library, which kmod and the package managers bring; raises OSError.

    Python has a module for it from 3.14 on only. Source: zstd.h, ZSTD_decompressStream, which returns 0 at the end of a
    frame, and a number whose ZSTD_isError is true for a damaged one, or when memory is short.
    """
    import ctypes

    class Buffer(ctypes.Structure):
        """ZSTD_inBuffer and ZSTD_outBuffer, which are alike."""

        _fields_ = (("data", ctypes.c_char_p), ("size", ctypes.c_size_t), ("at", ctypes.c_size_t))

    library: Any = ctypes.CDLL(ZSTD)
    library.ZSTD_createDStream.restype = ctypes.c_void_p
    library.ZSTD_getErrorName.restype = ctypes.c_char_p
    library.ZSTD_decompressStream.restype = library.ZSTD_freeDStream.restype = ctypes.c_size_t
    stream = ctypes.c_void_p(library.ZSTD_createDStream())
    room = ctypes.create_string_buffer(PIECE)
    try:
        for piece in packed:
            given = Buffer(piece, len(piece), 0)
            while given.at < given.size:
                taken = Buffer(ctypes.cast(room, ctypes.c_char_p), PIECE, 0)
                left = library.ZSTD_decompressStream(stream, ctypes.byref(taken), ctypes.byref(given))
                if library.ZSTD_isError(ctypes.c_size_t(left)):
                    raise ValueError(f"libzstd reports: {library.ZSTD_getErrorName(ctypes.c_size_t(left)).decode()}")
                yield ctypes.string_at(room, taken.at)
                if left == 0:
                    return
    finally:
        library.ZSTD_freeDStream(stream)
    raise ValueError(TOO_EARLY)


UNPACKERS: Mapping[str, Unpacker] = {".xz": _xz, ".gz": _gz, ".zst": _zst}
"""By what follows ``.ko`` in the file's name; each raises an error of its own for a damaged file."""
