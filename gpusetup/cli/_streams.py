"""The standard streams: any may be closed, full, of an encoding that lacks a letter, or have lost who reads it."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from typing import Any, TextIO

import click

from gpusetup.devnull import open_nowhere
from gpusetup.text import escaped, neutral, uncommanding

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def fill_gaps() -> None:
    """Open nothing in the place of each stream that we were started without (``>&-``).

    Whatever is opened next would get its number, and be written to by everything that knows the number alone. And let
    no letter that a stream's encoding lacks end the command: it is shown as an escape, which JSON reads back.
    """
    codecs.register_error("escape", _escape)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(open_nowhere(), mode))
        elif mode == "w":
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="escape")
            setattr(sys, name, Guarded(stream))


def tell(line: str, *, colour: str | None = None) -> None:
    """Print a line of conversation on stderr; what it quotes cannot move the cursor or command a CI runner."""
    click.secho(neutral(line), file=sys.stderr, fg=colour)  # click would put another stream in its place


class Guarded:
    """A text stream on which no line begins with ``::``, wherever a long one was wrapped: see `gpusetup.text`.

    Documents, and the commands that ``--format github`` means, are written as bytes, past it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._blank = True
        """Whether the line so far is."""

    def write(self, text: str) -> int:
        """Write `text`, and return how many of its characters were."""
        if "::" not in text and not text.isspace():
            self._blank = text.endswith("\n")
            return self._stream.write(text)
        for line in text.splitlines(keepends=True):
            self._stream.write(uncommanding(line) if self._blank else line)
            self._blank = line.endswith("\n") or (self._blank and line.isspace())
        return len(text)

    def __getattr__(self, name: str) -> Any:
        """Return what the stream itself has."""
        return getattr(self._stream, name)


def is_output(error: OSError) -> bool:
    """Say whether `error` comes of writing to a stream: one of a file would name it."""
    return error.filename is None and error.errno in FULL


def let_go() -> None:
    """Write nothing more to stdout, not even what is left at the end."""
    os.dup2(open_nowhere(), sys.stdout.fileno())


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(escaped, error.object[error.start : error.end])), error.end
