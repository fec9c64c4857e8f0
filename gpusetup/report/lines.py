"""Lines of text that are wrapped to the console, with a hanging indent."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from gpusetup.text import neutral

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST = 40


def line(out: Console, indent: str, text: str, style: str = "") -> None:
    """Print `text` wrapped to the console's width, with hanging indent and without trailing blanks."""
    folded = textwrap.fill(
        neutral(text),
        max(out.width, NARROWEST),
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
        break_long_words=False,
        break_on_hyphens=False,
    )
    out.print(folded, style=style, soft_wrap=True)
