"""Text from outside on its way to a person: one line, nothing in it that a terminal or a CI runner would obey."""

from __future__ import annotations


def neutral(text: str) -> str:
    r"""Return `text` on one line and without control characters, so that a name cannot move the cursor.

    Escape sequences, line breaks and bidirectional overrides come out as visible ``\x1b``-style escapes. A message on
    one line that begins with our own words is no workflow command either (``::error::`` counts at the start of one).
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
