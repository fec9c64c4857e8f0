"""The files that a user names: read within bounds, written without destroying anything.

What is written replaces a regular file in one step, and goes *into* whatever else has that name: a pipe, a terminal, a
device. A link stays a link; its target is written.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import stat
import sys
from typing import TYPE_CHECKING

from gpusetup.errors import WrongInputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STDIO = "-"
"""The name of standard input, or output."""
MOST = 64 << 20
"""Bytes that an input may have, a hundred times a saved proof: of a quick run in two frameworks that has 0.6 MB."""
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_LINKS = 40  # as the kernel allows (path_resolution(7))
_PROBE = 4096
_CANNOT_REPLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY)
"""Why a file beside the target cannot be made or put in its place: a file that is mounted alone into a container."""


def read(path: Path, what: str, most: int = MOST) -> bytes:
    """Return the content of the file `path`, which is called `what` in messages (``-`` is standard input), as UTF-8.

    A byte-order mark is taken off, and UTF-16 decoded: PowerShell and some editors save so. Raises `WrongInputError`
    when it cannot be read, or has more than `most` bytes: a device may have no end.
    """
    try:
        if str(path) == STDIO:
            raw = sys.stdin.buffer.read(most + 1)
        else:
            with open(path, "rb", buffering=0) as file:
                raw = b"".join(_chunks(file.fileno(), most + 1))
    except (OSError, ValueError) as error:  # a NUL in a name is a ValueError
        raise WrongInputError(f"cannot read {what} {path}: {_reason(error)}") from error
    if len(raw) > most:
        raise WrongInputError(f"{path} has more than {most >> 20} MiB, too many for {what}", "is it the right file?")
    mark = next((mark for mark in _MARKS if raw.startswith(mark)), b"")
    if not mark or _MARKS[mark] == "utf-8":
        return raw[len(mark) :]
    try:
        return raw[len(mark) :].decode(_MARKS[mark]).encode()
    except UnicodeError as error:
        raise WrongInputError(f"cannot read {what} {path}: {error}") from error


def write(path: Path, content: str | bytes, mode: int | None = None) -> None:
    """Write `content` to `path`, a text as UTF-8, in one step.

    Readers of a regular file see the old one or the whole new one, never half. Without a `mode` it keeps that of a file
    that is there; its owner it keeps in any case. Pipes, terminals and devices are written to and stay what they are,
    and so do links. No folder is made. Raises `WrongInputError` when it cannot be written, and then nothing has
    changed.
    """
    with _refusing(path):
        raw, place = content.encode() if isinstance(content, str) else content, _Place(path)
        if place.descriptor is not None:
            _write_all(place.descriptor, raw)
        elif place.replaceable:
            _replace(place, raw, mode)
        else:
            _write_into(place, raw)


def require_writable(path: Path) -> None:
    """Raise `WrongInputError` unless `write` could write to `path`: to be asked before long work, not after it.

    A full disk and read-only media are found by writing a little beside it; a device or pipe is only asked for rights.
    """
    with _refusing(path):
        place = _Place(path)
        if place.descriptor is not None:
            os.write(place.descriptor, b"")  # EBADF unless it is open for writing
            return
        if place.replaceable:
            try:
                with _scratch(place) as (handle, _):
                    _write_all(handle, bytes(_PROBE))
            except OSError as error:
                if place.now is None or error.errno not in _CANNOT_REPLACE or not os.access(place.path, os.W_OK):
                    raise
            return
        if not os.access(place.path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


class _Place:
    """Where a name leads: an open descriptor of ours, or a path without links and what is there `now`."""

    def __init__(self, path: Path) -> None:
        self.descriptor, self.path = _follow(os.fspath(path))
        try:
            self.now = os.lstat(self.path) if self.descriptor is None else None
        except FileNotFoundError:
            self.now = None
            _require_folder(os.path.dirname(self.path))
        if self.now is not None and stat.S_ISDIR(self.now.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if self.now is not None and stat.S_ISBLK(self.now.st_mode):
            raise _RefusedError("it is a block device, and what it holds would be destroyed")

    @property
    def replaceable(self) -> bool:
        """True for a regular file, and where there is nothing yet."""
        return self.now is None or stat.S_ISREG(self.now.st_mode)


class _RefusedError(OSError):
    """We do not write there; the message says why."""


def _follow(path: str) -> tuple[int | None, str]:
    """Return the path that `path` leads to, or the descriptor of this process that it names (``/dev/stdout``).

    Links are followed one by one, since the kernel follows one in ``/proc/self/fd`` to what no path may lead to. Root
    follows none that another user has made: who can make a link must not choose what root overwrites.
    """
    if not path:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    descriptors = f"/proc/{os.getpid()}/fd"
    rest, done = os.path.abspath(path).split("/")[1:], ""
    links = 0
    while rest:
        name = rest.pop(0)
        if name == "..":
            done = os.path.dirname(done).rstrip("/")
            continue
        if name in {"", "."}:
            continue
        if done == descriptors and name.isdecimal() and not rest:
            return int(name), ""
        here = f"{done}/{name}"
        try:
            entry = os.lstat(here)
        except FileNotFoundError:
            if rest:
                _require_folder(here)
            return None, here
        if not stat.S_ISLNK(entry.st_mode):
            done = here
            continue
        links += 1
        if links > _LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if os.geteuid() == 0 and entry.st_uid != 0:
            raise _RefusedError(f"{here} is a link of user {entry.st_uid}, and root writes through no other's link")
        target = os.readlink(here)
        rest = target.split("/") + rest
        done = "" if target.startswith("/") else done
    return None, done or "/"


def _require_folder(folder: str) -> None:
    if not os.path.isdir(folder or "/"):
        raise _RefusedError(f"there is no folder {folder}")


def _replace(place: _Place, raw: bytes, mode: int | None) -> None:
    """Write beside the target and put that in its place; into the target where the folder does not allow it."""
    if mode is None:
        mode = place.now.st_mode & 0o777 if place.now is not None else 0o666 & ~_umask()
    try:
        with _scratch(place) as (handle, name):
            _write_all(handle, raw)
            if place.now is not None and (place.now.st_uid, place.now.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(handle, place.now.st_uid, place.now.st_gid)
            os.fchmod(handle, mode)
            os.fsync(handle)
            os.replace(name, place.path)
    except OSError as error:
        if place.now is None or error.errno not in _CANNOT_REPLACE:
            raise
        _write_into(place, raw)


@contextlib.contextmanager
def _scratch(place: _Place) -> Iterator[tuple[int, str]]:
    """Open a new file beside the target, which is gone afterwards unless it has taken the target's place."""
    name = os.path.join(os.path.dirname(place.path), f".gpusetup-{os.getpid()}-{os.urandom(4).hex()}")
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        yield handle, name
    finally:
        os.close(handle)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _write_into(place: _Place, raw: bytes) -> None:
    """Write into what is there: all of it, or, of a regular file on a full disk, nothing."""
    handle = os.open(place.path, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        if place.replaceable and raw:
            os.posix_fallocate(handle, 0, len(raw))
        _write_all(handle, raw)
        if place.replaceable:
            os.ftruncate(handle, len(raw))
            os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, raw: bytes) -> None:
    while raw:
        raw = raw[os.write(handle, raw) :]


def _chunks(handle: int, most: int) -> Iterator[bytes]:
    while most > 0 and (chunk := os.read(handle, min(most, 1 << 20))):
        yield chunk
        most -= len(chunk)


@contextlib.contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Turn what the system answers into one message; a reader that has left is the command line's affair."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise WrongInputError(f"cannot write {path}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
