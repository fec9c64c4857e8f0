"""The folder that the command runs in: a fresh copy for each run, always at the same path.

A program that finds what an earlier run left (a checkpoint to resume from, a cache) is not run again from its start.
"""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

from gpusetup.errors import WrongInputError

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
    """Copy `source` to `target`, environments and links as links; raises `WrongInputError` where it is too large."""
    left = MOST
    target.mkdir()
    for folder, folders, files in os.walk(source):
        here = target / os.path.relpath(folder, source)
        for name in list(folders):
            path = os.path.join(folder, name)
            if os.path.islink(path) or any(os.path.exists(os.path.join(path, one)) for one in _ENVIRONMENTS):
                folders.remove(name)
                (here / name).symlink_to(os.readlink(path) if os.path.islink(path) else path)
            elif name in _MADE_BY_PYTHON:
                folders.remove(name)
            else:
                (here / name).mkdir()
        for name in files:
            path = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                left -= os.path.getsize(path)
                if left < 0:
                    raise WrongInputError(
                        f"{source} holds more than {MOST >> 30} GiB, and is copied for each run",
                        "run it from a folder without the data, or link the data into it",
                    )
                shutil.copy2(path, here / name)
            elif os.path.islink(path):
                (here / name).symlink_to(os.readlink(path))


def stamps(folder: Path) -> dict[str, Stamp]:
    """Return the stamp of every regular file below `folder`, by its path from there."""
    return {os.path.relpath(path, folder): _stamp(path) for path in _files(folder)}


def written(folder: Path, before: dict[str, Stamp]) -> dict[str, Path]:
    """Return the files below `folder` that are new or other than `before`, in the order of their last writing."""
    now = stamps(folder)
    changed = [name for name, stamp in now.items() if before.get(name) != stamp]
    return {name: folder / name for name in sorted(changed, key=lambda name: (now[name][1], name))}


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
