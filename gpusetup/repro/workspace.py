"""The folder that the command runs in: a fresh copy for each run, always at the same path.

A program that finds what an earlier run left (a checkpoint to resume from, a cache) is not run again from its start.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from typing import TYPE_CHECKING

from gpusetup.errors import CannotLookError, WrongInputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST = 2 << 30
"""Bytes of a folder that is copied for each run."""
_ENVIRONMENTS = ("pyvenv.cfg", "conda-meta")
"""What a folder with an environment holds; its programs have its path in them, so that a copy would not work."""
_MADE_BY_PYTHON = {"__pycache__", ".pytest_cache", ".mypy_cache"}

Stamp = tuple[int, int, int]
"""Size, modification time and inode of a file."""


def copy_folder(source: Path, target: Path) -> None:
    """Copy `source` to `target`, which may lie in it; environments stay where they are, as links.

    A link that leads out of the folder leads there from the copy too, one into the folder leads into the copy. Raises
    `WrongInputError` where the folder is too large, `CannotLookError` where something in it cannot be read.
    """
    room = MOST
    try:
        target.mkdir()
        for folder, folders, files in os.walk(source):
            here = target / os.path.relpath(folder, source)
            for name in list(folders):
                path = os.path.join(folder, name)
                if os.path.islink(path):
                    files.append(name)
                elif _is_environment(path):
                    (here / name).symlink_to(path)
                elif name not in _MADE_BY_PYTHON and path != str(target.parent):
                    (here / name).mkdir()
                    continue
                folders.remove(name)
            for name in files:
                path = os.path.join(folder, name)
                if os.path.islink(path):
                    (here / name).symlink_to(_led(path, str(source), str(target)))
                elif os.path.isfile(path):
                    room -= os.path.getsize(path)
                    _require_room(room, source)
                    shutil.copy2(path, here / name)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "set TMPDIR to a folder with room" if full else "run it from a folder that can be copied"
        raise CannotLookError(f"cannot copy {error.filename or source}: {error.strerror}", hint) from error


def _is_environment(folder: str) -> bool:
    return any(os.path.exists(os.path.join(folder, one)) for one in _ENVIRONMENTS)


def _led(link: str, source: str, target: str) -> str:
    """Return where the copy of a link leads."""
    end = os.path.normpath(os.path.join(os.path.dirname(link), os.readlink(link)))
    return target + end[len(source) :] if end == source or end.startswith(source + os.sep) else end


def _require_room(left: int, source: Path) -> None:
    if left < 0:
        raise WrongInputError(
            f"{source} holds more than {MOST >> 30} GiB, and is copied for each run",
            "run it from a folder without the data, or link the data into it",
        )


def keep_written(work: Path, before: dict[str, Stamp], kept: Path) -> dict[str, Path]:
    """Move the files of `work` that are new or other than `before` into `kept`, and remove the rest of it.

    Returns them by their path from there, in the order of their last writing.
    """
    now = stamps(work)
    changed = sorted((name for name in now if before.get(name) != now[name]), key=lambda name: (now[name][1], name))
    for name in changed:
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        os.rename(work / name, kept / name)
    shutil.rmtree(work)
    return {name: kept / name for name in changed}


def stamps(folder: Path) -> dict[str, Stamp]:
    """Return the stamp of every regular file below `folder`, by its path from there."""
    return {os.path.relpath(path, folder): _stamp(path) for path in _files(folder)}


def _files(folder: Path) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _MADE_BY_PYTHON]
        for name in files:
            path = os.path.join(here, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield path


def _stamp(path: str) -> Stamp:
    found = os.lstat(path)
    return found.st_size, found.st_mtime_ns, found.st_ino
