"""Programs that run from an environment: a module that they load later would come from what took its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gpusetup.text import neutral

MOST = 1 << 20
"""Bytes of one file under /proc; a framework's process has some thousand maps of 150 bytes."""


def running_from(folder: Path, proc: Path = Path("/proc")) -> list[str]:
    """Return the processes, as ``4711 python train.py``, whose interpreter or libraries lie under `folder`.

    Those of other users show only what they were started as; of this process nothing is said.
    """
    own = {str(os.getpid())}
    found = (one for one in proc.iterdir() if one.name.isdecimal() and one.name not in own)
    return [said for one in sorted(found, key=lambda one: int(one.name)) for said in _says(one, folder)]


def _says(process: Path, folder: Path) -> Iterator[str]:
    words = _read(process / "cmdline").split(b"\0")
    places = [f"{one}/".encode() for one in dict.fromkeys((str(folder), str(folder.resolve())))]
    started = any(word.startswith(tuple(places)) for word in words)
    maps = _read(process / "maps")
    if started or any(place in maps for place in places):
        line = b" ".join(words).decode(errors="replace").strip()
        yield f"{process.name} {neutral(line)[:80]}"


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MOST)
    except OSError:  # it has ended, or is another user's
        return b""
