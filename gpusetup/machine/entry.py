"""Lines of ``NAME : VALUE``, as /proc and many settings have them, without a pattern for each."""

from __future__ import annotations


def entry(text: str, name: str, mark: str = ":") -> str:
    """Return the first value that stands behind `name` and `mark` at the beginning of a line, "" where none does."""
    start = text.find(name)
    while start >= 0:
        end = text.find("\n", start)
        left, found, value = text[start : end if end >= 0 else len(text)].partition(mark)
        if found and left.rstrip() == name and value.strip() and text[max(0, start - 1) : start] in {"", "\n"}:
            return value.strip()
        start = text.find(name, start + len(name))
    return ""
