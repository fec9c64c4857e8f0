"""A file on a server as a seekable file, of which only what is asked for is fetched (RFC 9110, section 14)."""

from __future__ import annotations

import io
import re
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import unquote, urlsplit

from gpusetup.errors import CannotLookError, WrongInputError

TIMEOUT = 60.0
BLOCK = 1 << 20
"""How much one request fetches at least: a central directory of a large wheel, or a good piece of a library."""


class RangedFile(io.RawIOBase):
    """The file at `url`; every read is a range request. `fetched` counts the bytes that came over the wire.

    Raises `CannotLookError` for a server that serves no ranges, or answers with other bytes than it was asked for.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        check_scheme(url)
        self.url = url
        self.name = unquote(urlsplit(url).path.rpartition("/")[2])
        self.fetched = 0
        self._at = 0
        self.size = self._ask("bytes=-1")[1]

    def seekable(self) -> bool:
        """Return True: where to read next is only a number here."""
        return True

    def readable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return where the next read starts."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to where the next read starts."""
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` from here; 0 at the end of the file."""
        wanted = min(len(buffer), self.size - self._at)
        if wanted <= 0:
            return 0
        data, _ = self._ask(f"bytes={self._at}-{self._at + wanted - 1}")
        if len(data) != wanted:
            raise CannotLookError(f"{self.name}: {wanted} bytes were asked for, {len(data)} came")
        buffer[:wanted] = data
        self._at += wanted
        return wanted

    def _ask(self, span: str) -> tuple[bytes, int]:
        """Return the bytes of one range, and the size of the whole file that the server states with it."""
        request = urllib.request.Request(self.url, headers={"Range": span, "Accept-Encoding": "identity"})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                size = self._stated_size(answer)
                data: bytes = answer.read()
        except (urllib.error.URLError, HTTPException, OSError) as error:
            raise CannotLookError(f"cannot read {self.name}: {error}") from error
        self.fetched += len(data)
        return data, size

    def _stated_size(self, answer: HTTPResponse) -> int:
        said = re.fullmatch(r"bytes \d+-\d+/(\d+)", answer.headers.get("Content-Range", ""))
        if answer.status != 206 or said is None:
            raise CannotLookError(
                f"the server sends {self.name} only as a whole", "--whole downloads such files, which can be gigabytes"
            )
        if getattr(self, "size", int(said[1])) != int(said[1]):
            raise CannotLookError(f"{self.name} changed while it was read: {self.size} bytes before, {said[1]} now")
        return int(said[1])


def check_scheme(url: str) -> None:
    """Raise `WrongInputError` for an address that is neither https nor on this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname != "127.0.0.1":
        raise WrongInputError(f"{url} is not read: only https is")


def open_ranged(url: str) -> io.BufferedReader:
    """Return the file at `url` for reading and seeking, fetched in blocks."""
    return io.BufferedReader(RangedFile(url), BLOCK)
