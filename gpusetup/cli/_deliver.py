"""Write a command's result to standard output, or to the file of ``--output``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gpusetup.cli._streams import notify

if TYPE_CHECKING:
    from pathlib import Path


def deliver(text: str, output: Path | None, hint: str = "", mode: int | None = None) -> None:
    """Write `text` to the file `output` and report that on stderr with a `hint`; print it if there is no file.

    The text is a document (JSON, a script) and is always UTF-8, independent of the terminal's encoding. Raises
    `WrongInputError` when the file cannot be written.
    """
    from gpusetup.files import STDIO, write

    if output is None or str(output) == STDIO:
        _print(text.encode())
        return
    write(output, text, mode)
    notify(f"saved {output}{hint}")


def _print(document: bytes) -> None:
    sys.stdout.flush()  # what was printed as text comes first
    sys.stdout.buffer.write(document)
    sys.stdout.buffer.flush()
