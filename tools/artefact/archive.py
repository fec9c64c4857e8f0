"""The members of a wheel, each unpacked alone and, where it is large, only as far as it may be fetched."""

from __future__ import annotations

import io
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from typing import IO, NamedTuple

from gpusetup.errors import CannotLookError

_LOCAL_HEADER = 30
_STEP = 1 << 20


class Unpacked(NamedTuple):
    """What was unpacked of a member; `complete` when that is all of it."""

    data: mmap
    complete: bool


class Archive:
    """A wheel; raises `CannotLookError`, with the name of the file, where it is damaged."""

    def __init__(self, file: io.BufferedReader, name: str) -> None:
        self.file = file
        self.name = name
        try:
            with zipfile.ZipFile(file) as archive:
                self.members = {info.filename: info for info in archive.infolist()}
        except (zipfile.BadZipFile, EOFError, ValueError) as error:
            raise CannotLookError(f"{name} is no whole zip archive: {error}") from error

    def text(self, member: str) -> str:
        """Return a small member as text."""
        with self.unpacked(member, None) as found:
            return found.data[:].decode(errors="replace")

    @contextmanager
    def unpacked(self, member: str, most: int | None) -> Iterator[Unpacked]:
        """Unpack a member as far as its first `most` packed bytes go; all of it without a limit."""
        info = self.members[member]
        with tempfile.TemporaryFile() as target:
            complete = most is None or info.compress_size <= most
            self._unpack(info, target, info.compress_size if complete else most or 0)
            if complete:
                self._verify(info, target)
            target.flush()
            if not target.tell():
                raise CannotLookError(f"{self.name}: {member} is empty")
            with mmap(target.fileno(), 0, access=ACCESS_READ) as data:
                yield Unpacked(data, complete)

    def _unpack(self, info: zipfile.ZipInfo, target: IO[bytes], left: int) -> None:
        self.file.seek(self._start(info))
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            while left > 0:
                packed = self.file.read(min(_STEP, left))
                if not packed:
                    raise CannotLookError(f"{self.name} ends within {info.filename}")
                left -= len(packed)
                target.write(inflate.decompress(packed) if info.compress_type == zipfile.ZIP_DEFLATED else packed)
        except zlib.error as error:
            raise CannotLookError(f"{self.name}: {info.filename} cannot be unpacked: {error}") from error

    def _start(self, info: zipfile.ZipInfo) -> int:
        """Return where the packed bytes start: after a header whose length only the header itself tells."""
        self.file.seek(info.header_offset)
        header = self.file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
            raise CannotLookError(f"{self.name}: {info.filename} is not where the directory of the archive says")
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        return info.header_offset + _LOCAL_HEADER + lengths

    def _verify(self, info: zipfile.ZipInfo, target: IO[bytes]) -> None:
        size = target.tell()
        if size != info.file_size:
            text = f"has {size} bytes, the directory of the archive says {info.file_size}"
            raise CannotLookError(f"{self.name}: {info.filename} {text}")
        target.seek(0)
        check = 0
        while block := target.read(_STEP):
            check = zlib.crc32(block, check)
        if check != info.CRC:
            raise CannotLookError(f"{self.name}: {info.filename} has another checksum than the archive says")


def open_local(path: str) -> io.BufferedReader:
    """Return the file at `path`; raises `CannotLookError` when it cannot be read."""
    try:
        return io.BufferedReader(io.FileIO(path))
    except OSError as error:
        raise CannotLookError(f"cannot read {path}: {error.strerror}") from error
