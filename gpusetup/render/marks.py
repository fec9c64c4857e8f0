"""The marks around a value in rendered text: they show where it is and which filter it came through.

They are private-use characters, which no value may hold, so that a mark cannot be forged. A marked value is ``OPEN``,
one letter for its kind, the text, ``CLOSE``; one that came through no filter is ``RAW`` and the text.
"""

from __future__ import annotations

import re

OPEN, CLOSE, RAW = "\ue000", "\ue001", "\ue002"
ANY = re.compile(f"[{OPEN}{CLOSE}{RAW}]")

WORD = "s"
"""A word quoted for the shell: any text at all."""
PLAIN = "p"
"""A word of letters, digits and ``._+-`` alone."""
NUMBER = "d"
COMMENT = "c"
LINE = "l"
"""The rest of a line, unquoted, for grammars that take it literally."""
JSON = "j"
BLOCK = "b"
"""The indented lines of a literal block in YAML, with the line break before them."""
UNIT = "u"
"""Words of a command in a systemd unit."""
CODE = "k"
"""Text that was rendered and checked before."""

_STRIPPED = re.compile(f"{OPEN}.|[{CLOSE}{RAW}]")


def marked(kind: str, text: str) -> str:
    """Return `text` between the marks of a value of that kind."""
    return f"{OPEN}{kind}{text}{CLOSE}"


def stripped(text: str) -> str:
    """Return `text` without its marks."""
    return _STRIPPED.sub("", text)


def unmarked(text: str) -> str:
    """Return a value's text with everything that looks like a mark replaced, so that none can be forged."""
    return ANY.sub("\ufffd", text) if ANY.search(text) else text


def last(text: str) -> int:
    """Return the index of the last mark in `text`, -1 for none."""
    return max(text.rfind(CLOSE), text.rfind(RAW))
