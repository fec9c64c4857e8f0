"""`Host`: the files of one machine, live or as a folder, read so that nothing it holds can make us fail or wait."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.machine.model import Reading, Unread, Why

if TYPE_CHECKING:
    from pathlib import Path

TEXT_LIMIT = 1 << 20
LINK_LIMIT = 40  # as in the kernel

_WHY: dict[int | None, Why] = {
    errno.ENOENT: "absent",
    errno.ENOTDIR: "absent",
    errno.ENXIO: "absent",
    errno.ENODEV: "absent",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EOPNOTSUPP: "unsupported",
}


def clean(text: str) -> str:
    """Return `text` as valid Unicode: bytes of a name that are not UTF-8 become U+FFFD."""
    return text if text.isascii() else text.encode(errors="surrogateescape").decode(errors="replace")


class Host:
    """Reads below `root`; paths are the host's own absolute ones, and its symbolic links are followed inside it.

    Every method answers, whatever lies there: an `Unread` with the reason, or nothing found. Only regular files are
    read (a FIFO or a device could block), and only up to a limit.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = os.path.abspath(root)
        self.live = self.root == "/"

    def read_bytes(self, path: str, limit: int = TEXT_LIMIT, *, start: int = 0, end: bool = False) -> Reading[bytes]:
        """Return `limit` bytes of the regular file `path` from `start` on, or its last with `end`."""
        try:
            handle = os.open(self.real(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                found = os.fstat(handle)
                if not stat.S_ISREG(found.st_mode):
                    return Unread(unread="failed", source=path, detail="not a regular file")
                if start or (end and found.st_size > limit):
                    os.lseek(handle, start or found.st_size - limit, os.SEEK_SET)
                return _read(handle, limit)
            finally:
                os.close(handle)
        except (OSError, ValueError) as error:
            return unread(path, error)

    def read_text(self, path: str, limit: int = TEXT_LIMIT) -> Reading[str]:
        """Return the first `limit` bytes of `path` as text; bytes that are not UTF-8 become U+FFFD."""
        raw = self.read_bytes(path, limit)
        return raw if isinstance(raw, Unread) else raw.decode(errors="replace")

    def read_line(self, path: str) -> Reading[str]:
        """Return the one line that `path` holds, without its end; `failed` when it is empty."""
        text = self.read_text(path)
        if isinstance(text, Unread):
            return text
        lines = text.split("\n", 1)
        return lines[0].strip() or Unread(unread="failed", source=path, detail="empty")

    def read_int(self, path: str) -> Reading[int]:
        """Return the whole number that `path` holds."""
        line = self.read_line(path)
        if isinstance(line, Unread):
            return line
        try:
            return int(line[:20])
        except ValueError:
            return Unread(unread="failed", source=path, detail=f"not a number: {line[:40]!r}")

    def listdir(self, path: str) -> Reading[tuple[str, ...]]:
        """Return the names in the folder `path`, sorted."""
        try:
            return tuple(sorted(map(clean, os.listdir(self.real(path)))))
        except (OSError, ValueError) as error:
            return unread(path, error)

    def forbidden(self, *paths: str) -> Unread | None:
        """Return why one of the folders `paths` cannot be listed although it is there, None when none is in the way."""
        listed = (self.listdir(path) for path in paths)
        return next((each for each in listed if isinstance(each, Unread) and each.unread != "absent"), None)

    def names(self, path: str) -> tuple[str, ...]:
        """Return the names in the folder `path`, none where it cannot be listed."""
        listed = self.listdir(path)
        return () if isinstance(listed, Unread) else listed

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Return the paths that match `pattern` (``*``, ``?`` and ``[]`` within one name), sorted."""
        return tuple(self._glob("/", [part for part in pattern.split("/") if part]))

    def _glob(self, folder: str, parts: list[str]) -> Iterator[str]:
        head, rest = parts[0], parts[1:]
        if any(char in head for char in "*?["):
            names: tuple[str, ...] = tuple(_matching(self.names(folder), head))
        else:
            names = (head,)
        for name in names:
            path = os.path.join(folder, name)
            if rest:
                yield from self._glob(path, rest)
            elif self.exists(path):
                yield path

    def readlink(self, path: str) -> Reading[str]:
        """Return the target of the symbolic link `path` as it is written there."""
        try:
            parent, name = os.path.split(path)
            return clean(os.readlink(os.path.join(self.real(parent), name)))
        except (OSError, ValueError) as error:
            return unread(path, error)

    def exists(self, path: str) -> bool:
        """Say whether `path` leads to something."""
        return self.stat(path) is not None

    def is_dir(self, path: str) -> bool:
        """Say whether `path` leads to a folder."""
        found = self.stat(path)
        return found is not None and stat.S_ISDIR(found.st_mode)

    def is_file(self, path: str) -> bool:
        """Say whether `path` leads to a regular file."""
        found = self.stat(path)
        return found is not None and stat.S_ISREG(found.st_mode)

    def stat(self, path: str) -> os.stat_result | None:
        """Return what the file system says of `path`, links followed, or None."""
        try:
            return os.stat(self.real(path))
        except (OSError, ValueError):
            return None

    def may(self, path: str, mode: int) -> bool:
        """Say whether this user may access `path` in `mode` (``os.R_OK``, ``os.W_OK``, ``os.X_OK``)."""
        try:
            return os.access(self.real(path), mode, effective_ids=True)
        except (OSError, ValueError):
            return False

    def resolve(self, path: str) -> str:
        """Return `path` with every symbolic link followed, as a path of the host; a loop is left as it is."""
        try:
            return clean(os.path.realpath(path)) if self.live else self._resolve(path)
        except (OSError, ValueError):
            return path

    def real(self, path: str) -> str:
        """Return where `path` of the host lies for us; raises OSError for a loop of links."""
        return path if self.live else os.path.join(self.root, self._resolve(path).lstrip("/"))

    def _resolve(self, path: str) -> str:
        """Follow links as the host's kernel would: an absolute target starts at the root, ``..`` never leaves it."""
        pending = list(reversed(path.split("/")))
        done: list[str] = []
        links = 0
        while pending:
            name = pending.pop()
            if name in {"", "."}:
                continue
            if name == "..":
                del done[-1:]
                continue
            try:
                target = os.readlink(os.path.join(self.root, *done, name))
            except OSError:  # not a link, or not there: whoever opens it will hear which
                done.append(name)
                continue
            links += 1
            if links > LINK_LIMIT:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            if target.startswith("/"):
                done.clear()
            pending.extend(reversed(target.split("/")))
        return "/" + "/".join(done)


def _matching(names: tuple[str, ...], pattern: str) -> Iterator[str]:
    """Yield those of `names` that match `pattern`; nearly every one has no more than ``*`` in it."""
    if "?" in pattern or "[" in pattern:
        from fnmatch import filter as matching  # noqa: PLC0415 - it makes a regular expression of each pattern

        yield from matching(names, pattern)
        return
    start, *between, end = pattern.split("*")
    for name in names:
        if name.startswith(start) and name.endswith(end) and _follow(name, start, between, end):
            yield name


def _follow(name: str, start: str, between: list[str], end: str) -> bool:
    """Say whether `between` come one after the other behind the `start` and before the `end` of `name`."""
    at = len(start)
    for part in between:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return at + len(end) <= len(name)


def _read(handle: int, limit: int) -> bytes:
    """Read to the end or the limit: files of /proc and /sys come in pieces and have no size."""
    pieces: list[bytes] = []
    while limit > 0 and (piece := os.read(handle, min(limit, 1 << 16))):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)


def unread(path: str, error: Exception) -> Unread:
    """Return the `Unread` that stands for `error` at `path`."""
    if isinstance(error, OSError):
        why = _WHY.get(error.errno, "failed")
        return Unread(unread=why, source=path, detail=error.strerror or str(error), code=error.errno)
    return Unread(unread="failed", source=path, detail=str(error))  # an embedded NUL in a link's target
