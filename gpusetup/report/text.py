"""Plain text for people: wrapped to the screen, coloured only on a terminal.

For commands whose start is budgeted: it does the little that they need of rich, which takes 25 ms to load.
"""

from __future__ import annotations

import os
import sys
from textwrap import fill

import click

from gpusetup.report.console import WIDTH_WHEN_PIPED


def say(
    line: str = "",
    *,
    indent: int = 0,
    hanging: int = 2,
    wrap: bool = True,
    colour: str | None = None,
    bold: bool = False,
) -> None:
    """Print `line` on stdout, `indent` columns in; wrapped, unless it is a command to copy: `hanging` further in."""
    blank = " " * indent
    shown = blank + line
    if wrap and len(shown) > (columns := width()):
        shown = fill(line, columns, initial_indent=blank, subsequent_indent=blank + " " * hanging)
    click.secho(
        shown, file=sys.stdout, fg=colour, bold=bold or None, color=False if os.environ.get("NO_COLOR") else None
    )


def encodes(text: str) -> bool:
    """Say whether stdout's encoding has every letter of `text`: that of a plain C locale may have ASCII alone."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")  # a buffer in memory has none
    except UnicodeEncodeError:
        return False
    return True


def width() -> int:
    """Return how many columns there are; a fixed number where stdout is no terminal."""
    if not sys.stdout.isatty():
        return WIDTH_WHEN_PIPED
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except OSError:
        return 80
