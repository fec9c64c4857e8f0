"""Text from outside on its way to a person: nothing in it that a terminal or a CI runner would obey."""

from __future__ import annotations

from collections.abc import Sequence

COMMAND = "##["
"""GitHub's runner obeys this form of a command wherever it stands in a line, and ``::`` only at its beginning
(actions/runner: src/Runner.Common/ActionCommand.cs, TryParse and TryParseV2)."""


def neutral(text: str) -> str:
    r"""Return `text` on one line and without control characters, so that a name cannot move the cursor.

    Escape sequences, line breaks and bidirectional overrides come out as visible ``\x1b``-style escapes.
    """
    if COMMAND in text:
        text = text.replace(COMMAND, r"#\x23[")
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def uncommanding(line: str) -> str:
    r"""Return a `line` as it is printed, after wrapping: one that begins with ``::`` is a command to a CI runner."""
    words = line.lstrip()
    return line[: -len(words)] + "\\" + words if words.startswith("::") else line


def escaped(char: str) -> str:
    """Return the escape of a character as JSON has it, two of them beyond 16 bits."""
    point = ord(char)
    if point < 1 << 16:
        return f"\\u{point:04x}"
    point -= 1 << 16
    return f"\\u{0xD800 | point >> 10:04x}\\u{0xDC00 | point & 0x3FF:04x}"


def nearest(word: str, words: Sequence[str]) -> str:
    """Return which of `words` the misspelt `word` may have meant, "" when none is like it."""
    from difflib import get_close_matches  # only for a message

    swapped = (one for one in words if one != word and sorted(one) == sorted(word))  # too far apart by that ratio
    return next(iter((*get_close_matches(word, words, 1, 0.8), *swapped)), "")
