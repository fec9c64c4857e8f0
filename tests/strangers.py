"""Other users for the tests of what root does with their files: by number, since no account is needed for that."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MALLORY = 61001
"""A user number that no account has."""
TRENT = 61002
"""A third."""

needs_root = pytest.mark.root("only root can make files of other users")


@pytest.fixture
def commons() -> Iterator[Path]:
    """A folder of root's that everybody can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="gpusetup-tests-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def give(folder: Path, uid: int) -> None:
    """Make `folder`, and all that lies in it, belong to user and group `uid`."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, uid, follow_symlinks=False)


def environment(folder: Path, uid: int, interpreter: str = "", *, name: str = "python3") -> Path:
    """Make a virtual environment of `uid`'s whose interpreter is the bash script `interpreter`; return that.

    The script notes beside the environment, in ``ran``, as whom it was run and with which words.
    """
    (folder / "bin").mkdir(parents=True)
    (folder / "lib/python3.11/site-packages").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\n")
    python = folder / "bin" / name
    notes = folder.parent / f"{folder.name}.ran"
    notes.touch()
    notes.chmod(0o666)
    python.write_text(f'#!/bin/bash\nprintf "%s %s\\n" "$(id -u)" "$*" >>{notes}\n{interpreter}\n')
    python.chmod(0o755)
    give(folder, uid)
    return python


def ran(folder: Path) -> list[tuple[int, str]]:
    """Return (user, words) of every call of the interpreter in the environment `folder`."""
    lines = (folder.parent / f"{folder.name}.ran").read_text().splitlines()
    return [(int(uid), words) for uid, _, words in (line.partition(" ") for line in lines)]
