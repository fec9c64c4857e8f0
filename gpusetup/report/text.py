"""Plain text for people: wrapped to the screen, coloured only on a terminal.

For commands whose start is budgeted: it does the little that they need of rich, which takes 25 ms to load, and of
click, which takes as long.
"""

from __future__ import annotations

import os
import sys

from gpusetup.report.console import WIDTH_WHEN_PIPED

_COLOURS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36}
"""ECMA-48, select graphic rendition; as click and rich write them."""


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
        from textwrap import fill  # its patterns take 2 ms

        shown = fill(line, columns, initial_indent=blank, subsequent_indent=blank + " " * hanging)
    sys.stdout.write(_styled(shown, colour, bold=bold) + "\n")
    sys.stdout.flush()


def _styled(text: str, colour: str | None, *, bold: bool) -> str:
    """Return `text` with the escapes of a colour and of bold letters, where stdout is a terminal that takes them."""
    codes = [str(_COLOURS[colour])] if colour else []
    codes += ["1"] if bold else []
    if not codes or os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return "".join(f"\033[{code}m" for code in codes) + text + "\033[0m"


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
