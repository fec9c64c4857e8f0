"""Parses lines of ``NAME : VALUE``, as in /proc and many settings, without a regular expression."""

from __future__ import annotations


def entry(text: str, name: str, mark: str = ":") -> str:
    """Return the first value that stands behind `name` and `mark` at the beginning of a line, "" where none does."""
    text = "\n" + text
    at = text.find("\n" + name)
    while at >= 0:
        end = text.find("\n", at + 1)
        left, found, value = text[at + 1 : end if end >= 0 else len(text)].partition(mark)
        if found and left.rstrip() == name and value.strip():
            return value.strip()
        at = text.find("\n" + name, end) if end >= 0 else -1
    return ""
