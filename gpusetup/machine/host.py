"""`Host`: the files of one machine, live or as a folder, read so that nothing in it can make us fail or hang."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from gpusetup.machine.model import Reading, Unread, Why

if TYPE_CHECKING:
    from pathlib import Path

    from gpusetup.machine.sysroot import Root

# files of /proc, /sys and /etc that are read whole have some KiB; 1 MiB bounds one that was made to grow
TEXT_LIMIT = 1 << 20
MANY_NAMES = 1 << 18
"""Entries of a folder that are listed of a host that is itself a folder."""
# a FIFO would block, a terminal would become ours
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

NO_FILE = "not a regular file"
NOBODY = -1
"""The user who owns no file."""

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

    No method raises: each returns an `Unread` with the reason, or an empty result. Only regular files are read, up to a
    limit; nothing else is opened (a FIFO could block, a device could be triggered). Reads never leave a host that is a
    folder, even while it is being changed (`sysroot`), and nothing in it is run or loaded.
    """

    def __init__(self, root: Path | str, *, confined: bool = False) -> None:
        self.root = os.path.abspath(root)
        self.live = self.root == "/"
        self.confined = confined
        """Whether this process exists only to read this host, and has limits (see `within`)."""
        self._below: Root | None = None

    def read_bytes(
        self, path: str, limit: int = TEXT_LIMIT, *, start: int = 0, end: bool = False, owner: int | None = None
    ) -> Reading[bytes]:
        """Return `limit` bytes of the regular file `path` from `start` on, or its last with `end`.

        With an `owner` only a file of that user's: see `owner`.
        """
        try:
            handle, found = self._open_file(path)
            try:
                if owner is not None and found.st_uid != owner:
                    detail = f"a file of user {found.st_uid} in a folder of user {owner}"
                    return Unread(unread="denied", source=path, detail=detail)
                if start or (end and found.st_size > limit):
                    os.lseek(handle, start or found.st_size - limit, os.SEEK_SET)
                return _read(handle, limit, found.st_size)
            finally:
                os.close(handle)
        except (OSError, ValueError) as error:
            return unread(path, error)

    def open(self, path: str) -> int:
        """Return a descriptor of the regular file `path`, for reading; raises OSError or ValueError."""
        return self._open_file(path)[0]

    def _open_file(self, path: str) -> tuple[int, os.stat_result]:
        """Open a regular file, and nothing else: opening a device can trigger it, and opening a FIFO blocks.

        The path is first opened with O_PATH and checked; then exactly that file is opened for reading.
        """
        look = self._handle(path)
        try:
            found = os.fstat(look)
            if not stat.S_ISREG(found.st_mode):
                raise ValueError(NO_FILE)
            try:
                # through the descriptor: the path may lead elsewhere by now
                return os.open(f"/proc/self/fd/{look}", _READ), found
            except FileNotFoundError:  # no /proc in a bare chroot
                return self._open_again(path, found), found
        finally:
            os.close(look)

    def _open_again(self, path: str, found: os.stat_result) -> int:
        handle = os.open(path, _READ) if self.live else self._inside.open(path, _READ)
        if not os.path.samestat(os.fstat(handle), found):
            os.close(handle)
            raise ValueError("changed while it was read")
        return handle

    def _handle(self, path: str, flags: int = os.O_PATH) -> int:
        if self.live:
            return os.open(path, flags | os.O_CLOEXEC)
        return self._inside.open(path, flags)

    @property
    def _inside(self) -> Root:
        if self._below is None:
            from gpusetup.machine.sysroot import Root  # it imports ctypes, which the live host does not need

            self._below = Root(self.root)
        return self._below

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
            # a 64-bit number has at most 20 characters; a longer one would take time to convert
            return int(line[:20])
        except ValueError:
            return Unread(unread="failed", source=path, detail=f"not a number: {line[:40]!r}")

    def listdir(self, path: str) -> Reading[tuple[str, ...]]:
        """Return the names in the folder `path`, sorted; `failed` where a host that is a folder has too many."""
        try:
            names = os.listdir(path) if self.live else self._listed(path)
            return tuple(sorted(names if "".join(names).isascii() else map(clean, names)))
        except (OSError, ValueError) as error:
            return unread(path, error)

    def _listed(self, path: str) -> list[str]:
        handle = self._handle(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with os.scandir(handle) as entries:
                names = [entry.name for entry in islice(entries, MANY_NAMES + 1)]
        finally:
            os.close(handle)
        if len(names) > MANY_NAMES:
            raise ValueError(f"more than {MANY_NAMES} entries")
        return names

    def forbidden(self, *paths: str) -> Unread | None:
        """Return why one of the folders `paths` exists but cannot be listed, None if there is no such folder."""
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
            if self.live:
                return clean(os.readlink(path))
            parent, name = os.path.split(path)
            folder = self._handle(parent)
            try:
                return clean(os.readlink(name, dir_fd=folder))
            finally:
                os.close(folder)
        except (OSError, ValueError) as error:
            return unread(path, error)

    def owner(self, path: str) -> int | None:
        """Return the only user whose files may be read below the folder or link `path`, None for any user.

        Another user can place a link to any file in their own folder; a privileged reader would then reveal that file's
        content. Folders of root and of the current user are trusted; a folder that does not exist has no owner.
        """
        parent, name = os.path.split(path)
        try:
            folder = self._handle(parent)
            try:
                found = os.stat(name, dir_fd=folder, follow_symlinks=False).st_uid
            finally:
                os.close(folder)
        except (OSError, ValueError):  # reading it will report the reason
            return NOBODY
        return None if found in {0, os.geteuid()} else found

    def exists(self, path: str) -> bool:
        """Return whether `path` leads to something."""
        return self.stat(path) is not None

    def is_dir(self, path: str) -> bool:
        """Return whether `path` leads to a folder."""
        found = self.stat(path)
        return found is not None and stat.S_ISDIR(found.st_mode)

    def is_file(self, path: str) -> bool:
        """Return whether `path` leads to a regular file."""
        found = self.stat(path)
        return found is not None and stat.S_ISREG(found.st_mode)

    def stat(self, path: str) -> os.stat_result | None:
        """Return the stat result of `path`, links followed, or None."""
        try:
            if self.live:
                return os.stat(path)
            handle = self._handle(path)
            try:
                return os.fstat(handle)
            finally:
                os.close(handle)
        except (OSError, ValueError):
            return None

    def may(self, path: str, mode: int) -> bool:
        """Return whether this user may access `path` in `mode` (``os.R_OK``, ``os.W_OK``, ``os.X_OK``)."""
        try:
            if self.live:
                return os.access(path, mode, effective_ids=True)
            handle = self._handle(path)
            try:
                seen = f"/proc/self/fd/{handle}"
                if not os.path.lexists(seen):  # no /proc in a bare chroot; nothing is opened there
                    seen = os.path.join(self.root, self._inside.resolve(path).lstrip("/"))
                return os.access(seen, mode, effective_ids=True)
            finally:
                os.close(handle)
        except (OSError, ValueError):
            return False

    def resolve(self, path: str) -> str:
        """Return `path` with every symbolic link followed, as a path of the host; a loop is left as it is."""
        try:
            return clean(os.path.realpath(path) if self.live else self._inside.resolve(path))
        except (OSError, ValueError):
            return path


def _matching(names: tuple[str, ...], pattern: str) -> Iterator[str]:
    """Yield those of `names` that match `pattern`; nearly every one has no more than ``*`` in it."""
    if "?" in pattern or "[" in pattern:
        from fnmatch import filter as matching  # it makes a regular expression of each pattern

        yield from matching(names, pattern)
        return
    # fnmatch compiles a pattern per call, 0.1 ms each, hundreds of times at every start
    start, *between, end = pattern.split("*")
    for name in names:
        if name.startswith(start) and name.endswith(end) and _follow(name, start, between, end):
            yield name


def _follow(name: str, start: str, between: list[str], end: str) -> bool:
    """Return whether the parts `between` occur in order between the `start` and the `end` of `name`."""
    at = len(start)
    for part in between:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return at + len(end) <= len(name)


def _read(handle: int, limit: int, size: int) -> bytes:
    """Read to the end or the limit: in one piece, but files of /proc and /sys have no `size`."""
    pieces: list[bytes] = []
    most = max(1 << 16, size + 1)
    while limit > 0 and (piece := os.read(handle, min(limit, most))):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)


def unread(path: str, error: Exception) -> Unread:
    """Return the `Unread` that stands for `error` at `path`."""
    if isinstance(error, OSError):
        why = _WHY.get(error.errno, "failed")
        return Unread(unread=why, source=path, detail=error.strerror or str(error), code=error.errno)
    return Unread(unread="failed", source=path, detail=str(error))  # an embedded NUL in a link's target
