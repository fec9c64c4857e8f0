"""Files of the state directory: never read if another user could have changed them.

Steps that are undone or continued come from this folder and run as root. So every component of the path is checked each
time, as sudo and ssh check their files, and no file in it is opened through a symbolic link.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from gpusetup.errors import RefusedError

# recipes can hold what a user has chosen; nobody else needs to read them
FOLDER = 0o700
FILE = 0o600
MOST = 64 << 20
"""Maximum size of a file in bytes; a journal of a hundred thousand steps has 16 MB."""
_LINKS = 40  # as the kernel allows (path_resolution(7))


def make_folder(path: Path) -> None:
    """Create the folder `path` with mode 0700 under any umask. Raises `RefusedError` if another user controls it."""
    for parent in reversed(path.parents):  # an image root may lack /var/lib
        if not parent.exists():
            parent.mkdir(exist_ok=True)
            parent.chmod(0o755)
    path.mkdir(exist_ok=True, mode=FOLDER)
    require_ours(path)
    path.chmod(FOLDER)


def require_ours(folder: Path) -> None:
    """Raise `RefusedError` unless only root and the current user can change `folder`, its content and its parents."""
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
    """Return a file's content, None if it does not exist. Raises `RefusedError` if another user controls it."""
    try:
        # opened first and looked at afterwards: what is looked at by its path may be another file when it is opened
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise RefusedError(f"only root can read {path}", "use sudo") from error
    except OSError as error:
        raise _not_ours(path, str(error.strerror)) from error
    try:
        require_ours(path.parent)
        _require_file(path, os.fstat(handle))
        return _whole(path, handle)
    finally:
        os.close(handle)


def open_ours(path: Path, flags: int) -> int:
    """Open `path`, created with mode 0600 if it does not exist, and return the descriptor."""
    try:
        handle = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE)
    except PermissionError as error:
        raise RefusedError(f"cannot write {path}", "this changes the system: use sudo") from error
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
            raise _not_ours(path, f"it is larger than {MOST >> 20} MiB")
    return b"".join(chunks)


def _require_file(path: Path, entry: os.stat_result) -> None:
    if not stat.S_ISREG(entry.st_mode):
        raise _not_ours(path, "it is not a regular file")
    _require_owner(path, entry)
    _require_closed(path, entry, last=True)


def _require_owner(path: Path, entry: os.stat_result) -> None:
    if entry.st_uid not in {0, os.geteuid()}:
        raise _not_ours(path, f"it belongs to user {entry.st_uid}")


def _require_closed(path: Path, entry: os.stat_result, *, last: bool) -> None:
    """Raise `RefusedError` where other users can write.

    In a sticky folder on the way (/tmp) they cannot replace entries of others; the last component must not be writable.
    """
    if entry.st_mode & stat.S_ISVTX and not last:
        return
    if entry.st_mode & stat.S_IWOTH or (entry.st_mode & stat.S_IWGRP and entry.st_gid not in {0, os.getegid()}):
        raise _not_ours(path, f"other users can write to it (mode {stat.S_IMODE(entry.st_mode):o})")


def _not_ours(path: Path, why: str) -> RefusedError:
    return RefusedError(
        f"{path} is not trusted: {why}",
        "find out who changed it; if its content is right, restore it with chown root: and chmod go-w",
    )
