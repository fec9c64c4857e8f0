"""The standard streams: any of them may be closed, full, without a reader, or in an encoding that lacks a character."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from typing import Any, TextIO

from gpusetup.devnull import open_nowhere
from gpusetup.text import escaped, neutral, uncommanding

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def fill_gaps() -> None:
    """Open /dev/null for each standard stream that was closed at start (``>&-``).

    Otherwise the next file to be opened would get its descriptor, and everything that writes to descriptor 1 or 2 would
    write into it. Also, a character that the stream's encoding lacks is written as an escape that JSON can read back,
    instead of ending the command.
    """
    codecs.register_error("escape", _escape)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(open_nowhere(), mode))
        elif mode == "w":  # an ASCII or Latin-1 terminal cannot encode "→" or "…"
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="escape")
            setattr(sys, name, Guarded(stream))


def notify(line: str, *, colour: str | None = None) -> None:
    """Print a message on stderr; text quoted in it cannot move the cursor or command a CI runner."""
    import click  # most commands say nothing there

    click.secho(
        neutral(line), file=sys.stderr, fg=colour
    )  # without file= click would wrap the stream anew, past `Guarded`


class Guarded:
    """A text stream on which no line begins with ``::``, even where a long line was wrapped: see `gpusetup.text`.

    Documents, and the intended commands of ``--format github``, are written as bytes and bypass it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._blank = True
        """Whether the current line has only white space so far."""

    def write(self, text: str) -> int:
        """Write `text`, and return the number of characters written."""
        if "::" not in text and not text.isspace():
            self._blank = text.endswith("\n")
            return self._stream.write(text)
        for line in text.splitlines(keepends=True):
            self._stream.write(uncommanding(line) if self._blank else line)
            self._blank = line.endswith("\n") or (self._blank and line.isspace())
        return len(text)

    def __getattr__(self, name: str) -> Any:
        """Delegate everything else to the stream."""
        return getattr(self._stream, name)


def is_output(error: OSError) -> bool:
    """Return whether `error` is from writing to a stream: an error of a file would name it."""
    return error.filename is None and error.errno in FULL


def let_go() -> None:
    """Discard all further output on stdout, including what is still buffered."""
    # at exit Python flushes stdout once more, which would print a second error
    os.dup2(open_nowhere(), sys.stdout.fileno())


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(escaped, error.object[error.start : error.end])), error.end
