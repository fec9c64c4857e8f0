"""How much the files that are packed in a file may unpack to: a small file can unpack to more than any memory holds."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from gpusetup.repro.outputs.item import OtherFormatError

MOST = 4 << 30
"""Bytes that one file unpacks to, with all that is packed in it."""
LEVELS = 8
"""Archives that are opened within each other; an archive can hold itself."""
_KNOWN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How members may be packed: what unpacks the others cannot be told where to stop."""


class Room:
    """The bytes and levels that are left for one file of a run."""

    def __init__(self) -> None:
        self._size, self._levels = MOST, LEVELS

    def take(self, size: int) -> None:
        """Take so many bytes; raises `OtherFormatError` where they are not left."""
        if size > self._size:
            raise OtherFormatError
        self._size -= size

    @property
    def left(self) -> int:
        """The bytes that are left."""
        return self._size

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Go one level deeper; raises `OtherFormatError` where it is one too many."""
        if not self._levels:
            raise OtherFormatError
        self._levels -= 1
        try:
            yield
        finally:
            self._levels += 1


@contextmanager
def archive(raw: bytes) -> Iterator[zipfile.ZipFile]:
    """Open an archive while its parts are read; raises `OtherFormatError` where it, or a part of it, is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as file:
            yield file
    except OtherFormatError:
        raise
    except Exception as error:  # a damaged archive, and what reads its parts, fails in any of a dozen ways
        raise OtherFormatError from error


def unpacked(file: zipfile.ZipFile, member: zipfile.ZipInfo, room: Room) -> bytes:
    """Return a member of an archive, and no more of it than its directory says."""
    if member.compress_type not in _KNOWN:
        raise OtherFormatError
    room.take(member.file_size)
    with file.open(member) as opened:
        return opened.read(member.file_size)  # read() alone unpacks up to 2 GiB before it looks at the size
