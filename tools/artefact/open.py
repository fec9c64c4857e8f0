"""Opens a wheel where it lies: by ranges on a server, whole when that is asked for, or on this machine."""

from __future__ import annotations

import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast
from urllib.parse import unquote, urlsplit

from gpusetup.errors import CannotLookError
from tools.artefact.archive import Archive, open_local
from tools.artefact.ranged import TIMEOUT, check_scheme, open_ranged


@contextmanager
def opened(address: str, *, whole: bool = False) -> Iterator[Archive]:
    """Open the wheel at `address`; without ranges it is downloaded if it may be read `whole`, else refused."""
    parts = urlsplit(address)
    name = unquote(parts.path.rpartition("/")[2])
    if parts.scheme == "file":
        with open_local(unquote(parts.path)) as file:
            yield Archive(file, name)
        return
    if not whole:
        with open_ranged(address) as file:
            yield Archive(file, name)
        return
    with tempfile.NamedTemporaryFile() as target:
        _download(address, name, target)
        with open_local(target.name) as file:
            yield Archive(file, name)


def _download(address: str, name: str, target: IO[bytes]) -> None:
    check_scheme(address)
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:
            shutil.copyfileobj(answer, target)
            stated = cast("str | None", answer.headers.get("Content-Length"))
    except (urllib.error.URLError, OSError) as error:
        raise CannotLookError(f"cannot read {name}: {error}") from error
    target.flush()
    if stated is not None and target.tell() != int(stated):
        raise CannotLookError(f"{name} came with {target.tell()} bytes of {stated}")
