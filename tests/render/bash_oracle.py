"""Whether a value in a piece of shell text runs: asked of bash itself, in an empty folder."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

from gpusetup.errors import WrongInputError
from gpusetup.render import marks, quoting
from gpusetup.render.quoting_check import check_shell, check_values

HOLE = "\u00ab"
"""Stands for ``{{ v | sh }}`` in a shape."""
HOLES = "\u00bb"
"""Stands for ``{{ [v, v] | sh }}``."""
MARK = "X"
"""The file that every hostile value makes, if it runs."""
HOSTILE = (
    "$(touch X)", "a[$(touch X)]", "`touch X`", "`;touch X;`", ";touch X;", "';touch X;'", '";touch X;"', "touch",
    "touch X", "-v", "-e", "-n", "--", "EOF", "x=$(touch X)", "a[$(touch X)]=1", "x);touch X;(", "};touch X;{", "#",
    "\\", "\\`touch X\\`", "|touch X", ">X", "${y[$(touch X)]}", "$((a[$(touch X)]))", "0 -o a[$(touch X)]", "=", "in",
    "~", "*", "{X,Y}", "!", "x'$(touch X)'", 'x"$(touch X)"', "BASH_ENV=$(touch X)", "%n", "-C", "-c",
)  # fmt: skip
BROKEN = ("x\nEOF\ntouch X\n", "x\ntouch X", "\ntouch X\n", "x\r\ntouch X")
"""Values over several lines, which are refused before they stand anywhere."""


def filled(shape: str, value: str) -> str:
    """Return `shape` with `value` in its holes as the filter writes it, marks and all; `WrongInputError` if refused."""
    return shape.replace(HOLES, quoting.sh([value, value])).replace(HOLE, quoting.sh(value))


def refusal(shape: str, value: str = "harmless", *, flows: bool = True) -> str:
    """Return why `shape` is refused, "" when it is accepted: by its places, and by what becomes of the value."""
    try:
        marked = filled(shape, value)
        check_shell(marked)
        if flows:
            check_values(marked)
    except WrongInputError as error:
        return str(error)
    return ""


def ran(shape: str, values: Iterable[str], folder: Path) -> str:
    """Return the first of `values` that makes the mark in bash when it stands in `shape`, unchecked, or ""."""
    for value in values:
        try:
            text = marks.stripped(filled(shape, value))
        except WrongInputError:
            continue
        run(text, folder)
        if (folder / MARK).exists():
            for left in folder.iterdir():
                left.unlink()
            return value
    for left in folder.iterdir():
        left.unlink()
    return ""


def run(text: str, folder: Path) -> int:
    """Run `text` under bash in `folder`, with nothing to read; return the exit status, 124 after 3 seconds.

    A session of its own, so that nothing it started outlives it.
    """
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-c", text], cwd=folder, stdin=quiet, stdout=quiet, stderr=quiet,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, start_new_session=True,
    )  # fmt: skip
    try:
        return process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        return 124
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
