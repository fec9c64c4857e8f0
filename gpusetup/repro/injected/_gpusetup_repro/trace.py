"""The trace of a run: each operation's name, digests of what went in and came out, and who called it."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import sys
from typing import Any

MOST_FRAMES = 3
_HERE = os.path.dirname(os.path.abspath(__file__))
_LIBRARY = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_INSTALLED = "-packages" + os.sep
"""Part of the paths of installed packages: ``site-packages``, ``dist-packages``."""


class Trace:
    """A file of this process below `folder`; frames of the packages in `own` are no callers."""

    def __init__(self, folder: str, *own: Any) -> None:
        self._file = open(  # noqa: SIM115 - open as long as the process lives
            os.path.join(folder, f"{os.getpid()}.jsonl"), "a", encoding="utf-8", buffering=1 << 16
        )
        self._own = tuple(os.path.dirname(os.path.abspath(package.__file__)) + os.sep for package in own)
        atexit.register(self._file.close)

    def note(self, name: str, before: list[Any], after: list[Any]) -> None:
        """Write down one operation; tensors are given as type, shape and digest."""
        self._file.write(json.dumps([name, before, after, self._callers()]) + "\n")

    def _callers(self) -> list[tuple[str, int, str]]:
        """Return the innermost frames that are neither the framework's nor ours, innermost first.

        Those of the program go before those of installed packages, such as a trainer or an optimiser.
        """
        program, installed = list[tuple[str, int, str]](), list[tuple[str, int, str]]()
        frame: Any = sys._getframe(2)
        while frame is not None and len(program) < MOST_FRAMES:
            path = frame.f_code.co_filename
            if not path.startswith((*self._own, _HERE, "<")):
                kept = installed if path.startswith(_LIBRARY) or _INSTALLED in path else program
                kept.append((path, frame.f_lineno, frame.f_code.co_name))
            frame = frame.f_back
        return program or installed[:MOST_FRAMES]


def digest(raw: bytes) -> str:
    """Return a short digest of the bytes of a tensor."""
    return hashlib.blake2b(raw, digest_size=8).hexdigest()
