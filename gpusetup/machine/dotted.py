"""Numbers that a host has written, dotted ones in their order."""

from __future__ import annotations

import re


def is_dotted(text: str) -> bool:
    """Return whether `text` is numbers separated by dots."""
    return all(part.isdecimal() for part in text.split("."))


def whole(text: str) -> int | None:
    """Return the number that `text` is, None for what is none.

    Of more than 18 digits the first are taken: nothing here counts so far, and of 4,300 Python makes no number.
    """
    return int(text.lstrip("0")[:18] or 0) if text.isascii() and text.isdecimal() else None


def version_key(text: str) -> tuple[int, ...]:
    """Return the numbers in `text`, to sort versions by."""
    return tuple(int(number[:18]) for number in re.findall(r"\d+", text))
