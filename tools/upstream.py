"""Reads from an upstream over HTTPS (or from this machine, which is how the tests stand in for one)."""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import urlsplit

from gpusetup.errors import CannotLookError, WrongInputError

TIMEOUT = 30.0
LARGEST = 64 * 1024 * 1024


def get(url: str) -> bytes:
    """Return what `url` serves; raises `CannotLookError` when it cannot be read, or is larger than metadata ever is."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname != "127.0.0.1":
        raise WrongInputError(f"{url} is not read: only https is")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            data: bytes = answer.read(LARGEST + 1)
    except (urllib.error.URLError, OSError) as error:
        raise CannotLookError(f"cannot read {url}: {error}") from error
    if len(data) > LARGEST:
        raise CannotLookError(f"{url} is larger than {LARGEST} bytes, so it is not metadata")
    return data
