"""What is kept about a machine is its owner's: nothing that another user could have changed is read from there.

Steps that are undone, or gone on with, come from this folder and are run as root. So the way to it is looked at each
time, as sudo and ssh look at theirs, and no file in it is reached through a link.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from gpusetup.errors import RefusedError

FOLDER = 0o700
FILE = 0o600
MOST = 64 << 20
"""Bytes that a file may have; a journal of a hundred thousand steps has 16 MB."""
_LINKS = 40  # as the kernel allows (path_resolution(7))


def make_folder(path: Path) -> None:
    """Make the folder `path`, for its owner alone whatever the umask says. Raises `RefusedError` if it is not ours."""
    for parent in reversed(path.parents):  # in the root of an image they may not be there
        if not parent.exists():
            parent.mkdir(exist_ok=True)
            parent.chmod(0o755)
    path.mkdir(exist_ok=True, mode=FOLDER)
    require_ours(path)
    path.chmod(FOLDER)


def require_ours(folder: Path) -> None:
    """Raise `RefusedError` unless root, or whoever runs this, alone can change what `folder` is and what is in it."""
    done, rest, links = Path("/"), list(folder.absolute().parts[1:]), 0
    while rest:
        name = rest.pop(0)
        if name == "..":
            done = done.parent
            continue
        entry = (done / name).lstat()
        _require_owner(done / name, entry)
        if not stat.S_ISLNK(entry.st_mode):
            done = done / name
            _require_closed(done, entry, last=not rest)
            continue
        links += 1
        if links > _LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(folder))
        target = Path(os.readlink(done / name))
        done = Path("/") if target.is_absolute() else done
        rest[:0] = target.parts[1:] if target.is_absolute() else target.parts


def read_ours(path: Path) -> bytes | None:
    """Return the content of a file of ours, None where there is none. Raises `RefusedError` if it is not ours."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise RefusedError(f"{path} is root's to read", "run it with sudo") from error
    except OSError as error:
        raise _not_ours(path, str(error.strerror)) from error
    try:
        require_ours(path.parent)
        _require_file(path, os.fstat(handle))
        return _whole(path, handle)
    finally:
        os.close(handle)


def open_ours(path: Path, flags: int) -> int:
    """Open the file `path` of ours, made for its owner alone where there is none, and return the descriptor."""
    try:
        handle = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE)
    except PermissionError as error:
        raise RefusedError(f"{path} cannot be written", "this changes the system: run it with sudo") from error
    except OSError as error:
        raise _not_ours(path, str(error.strerror)) from error
    try:
        _require_file(path, os.fstat(handle))
        os.fchmod(handle, FILE)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _whole(path: Path, handle: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := os.read(handle, 1 << 20):
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST:
            raise _not_ours(path, f"it has more than {MOST >> 20} MiB")
    return b"".join(chunks)


def _require_file(path: Path, entry: os.stat_result) -> None:
    if not stat.S_ISREG(entry.st_mode):
        raise _not_ours(path, "it is no regular file")
    _require_owner(path, entry)
    _require_closed(path, entry, last=True)


def _require_owner(path: Path, entry: os.stat_result) -> None:
    if entry.st_uid not in {0, os.geteuid()}:
        raise _not_ours(path, f"it belongs to user {entry.st_uid}")


def _require_closed(path: Path, entry: os.stat_result, *, last: bool) -> None:
    """Raise `RefusedError` where others can write.

    A sticky folder on the way keeps what is in it from them; the last one must not be open to them at all.
    """
    if entry.st_mode & stat.S_ISVTX and not last:
        return
    if entry.st_mode & stat.S_IWOTH or (entry.st_mode & stat.S_IWGRP and entry.st_gid not in {0, os.getegid()}):
        raise _not_ours(path, f"other users can write to it (mode {stat.S_IMODE(entry.st_mode):o})")


def _not_ours(path: Path, why: str) -> RefusedError:
    return RefusedError(
        f"{path} is not to be trusted, since {why}",
        "see who changed it; when it is as it was left, give it back with chown root: and chmod go-w",
    )
