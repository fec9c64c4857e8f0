"""Reads the JSON files of an image archive in one pass and within limits, since an archive may be untrusted."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from gpusetup.errors import WrongInputError
from gpusetup.machine.image.described import is_json
from gpusetup.text import neutral

Stream = IO[bytes] | io.BufferedIOBase

MOST = 4 << 20
"""Bytes of one JSON file, and of any header; configurations have a few thousand."""
ALL = 32 << 20
"""Bytes that are read of an archive; its layers are passed over."""
MEMBERS = 10_000
"""Files in an archive; the layers of an image are at most a few hundred."""
SECONDS = 60.0
"""Time limit in seconds: data that is skipped must still be decompressed."""
STEP, FAR = 16 << 20, 1 << 42  # 4 TiB: a claimed size beyond it is an attack, and seeking there would overflow
OPENERS: dict[bytes, Callable[[Path], Stream]] = {
    b"\x1f\x8b": gzip.GzipFile, b"BZh": bz2.BZ2File, b"\xfd7zXZ\0": lzma.LZMAFile
}  # fmt: skip
ZSTD = b"\x28\xb5\x2f\xfd"
BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError, ValueError, OverflowError, RecursionError)
"""What tarfile and the decompressors raise on what is not, or no longer, what they read."""

NO_TAR = {"invalid header", "truncated header", "empty file", "bad checksum", "empty header"}
"""What tarfile says of a first block that is no header."""


def json_files(path: Path) -> dict[str, bytes]:
    """Return the JSON files in the tar archive at `path`, compressed or not, by name.

    Raises `WrongInputError` when it is none, is cut off or broken, or takes more memory or time than any image.
    """
    try:
        with _opened(path) as stream, tarfile.open(fileobj=Bounded(stream), mode="r:") as archive:
            return dict(_files(archive))
    except BROKEN as error:
        raise WrongInputError(
            f"cannot read {neutral(str(path))} as an image archive: {_why(error)}",
            "give the complete, uncompressed output of `podman save` or `docker save`, or the output of inspect",
        ) from error


def _why(error: Exception) -> str:
    said = str(error)
    if isinstance(error, RecursionError):  # tarfile follows extended headers recursively
        return "its headers are nested too deeply"
    if isinstance(error, EOFError) or said == "unexpected end of data":
        return "it is truncated"
    return "it is not a tar archive" if said in NO_TAR else neutral(said or "it is broken")[:120]


def _opened(path: Path) -> Stream:
    with path.open("rb") as file:
        head = file.read(6)
    if head.startswith(ZSTD):
        raise OSError("it is compressed with zstd")  # Python's standard library reads zstd only from 3.14 on
    opener = next((one for magic, one in OPENERS.items() if head.startswith(magic)), None)
    return opener(path) if opener else path.open("rb")


def _files(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for number, member in enumerate(archive):
        if number == MEMBERS:
            raise tarfile.ReadError(f"it has more than {MEMBERS} files")
        file = archive.extractfile(member) if member.isfile() and member.size <= MOST else None
        if file is not None and is_json(head := file.read(64)):
            yield member.name.removeprefix("./"), head + file.read()


class Bounded(io.BufferedIOBase):
    """A stream with limits: the size of one read, `most` bytes in total, and time."""

    def __init__(self, stream: Stream, most: int = ALL) -> None:
        self.stream = stream
        self.left = most
        self.end = time.monotonic() + SECONDS

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.stream.tell()

    def read(self, size: int | None = -1, /) -> bytes:
        # tarfile reads a pax or GNU long-name header as a whole, of any size that the archive claims
        if size is None or not 0 <= size <= MOST + tarfile.BLOCKSIZE:
            raise tarfile.ReadError("it has a header larger than any image's")
        self.left -= size
        if self.left < 0:
            raise tarfile.ReadError("it has more to read than any image")
        return self.stream.read(size)

    def seek(self, target: int, whence: int = io.SEEK_SET, /) -> int:
        """Seek to `target` in steps, so that the time limit is checked while the skipped data is decompressed."""
        if target > FAR:
            raise tarfile.ReadError("it has a file larger than any image's")
        here = self.stream.tell()
        while target - here > STEP:
            if time.monotonic() > self.end:
                raise tarfile.ReadError(f"it could not be decompressed within {SECONDS:.0f} s")
            there = self.stream.seek(here + STEP)
            if there < here + STEP:
                return there
            here = there
        return self.stream.seek(target, whence)
